//! Flags that say where and how often a device works, and how uncertainty is drawn: the same for
//! every verb that prices.

use crate::energy::UsageConfig;
use crate::experiment::OutputConfig;
use clap::Args;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Use, carbon and money")]
pub(super) struct UsageArgs {
    /// Electricity: world, a country (DEU or Germany), a cloud region (gcp/europe-west1) or a
    /// number in g CO2e/kWh.
    #[arg(long, value_name = "REGION|G")]
    grid: Option<String>,
    /// Power usage effectiveness of the building: hyperscale, industry_average,
    /// small_server_room, edge_device or a number of at least 1.
    #[arg(long, value_name = "NAME|X")]
    pue: Option<String>,
    /// Price of electricity per kWh, in any currency.
    #[arg(long, value_name = "PRICE")]
    price_per_kwh: Option<f64>,
    /// How often an inference is asked for (2/s; bare numbers are per second): idle power is charged
    /// for the waiting time, too, and a device that does not keep up is infeasible.
    #[arg(long, visible_alias = "inferences-per-second", value_name = "RATE", conflicts_with = "period", value_parser = super::quantity::rate)]
    rate_hz: Option<f64>,
    /// Time from one inference to the next (10ms; bare numbers are seconds): another way to give
    /// --rate-hz.
    #[arg(long, value_name = "TIME", value_parser = super::quantity::time)]
    period: Option<f64>,
    /// Carbon of making one device [kg CO2e]; may be given for several targets.
    #[arg(long, value_name = "TARGET=KG", value_parser = embodied)]
    embodied: Vec<(String, f64)>,
    /// Draw all figures N times, each from the triangular distribution of its bounds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    monte_carlo: Option<u64>,
    /// Draw the figures of a device favourable or unfavourable together.
    #[arg(long, requires = "monte_carlo")]
    correlated: bool,
}

fn embodied(text: &str) -> Result<(String, f64), String> {
    let (target, kg) = text
        .split_once('=')
        .ok_or("write it as TARGET=KG, for example loihi1=0.9")?;
    let kg = kg
        .parse()
        .map_err(|_| format!("\"{kg}\" is not a number"))?;
    Ok((target.to_owned(), kg))
}

impl UsageArgs {
    /// Puts the flags that are given over what a file says.
    pub(super) fn override_usage(&self, usage: &mut UsageConfig) {
        if let Some(grid) = &self.grid {
            usage.grid.clone_from(grid);
        }
        if let Some(pue) = &self.pue {
            usage.pue.clone_from(pue);
        }
        if let Some(price) = self.price_per_kwh {
            usage.price_per_kwh = Some(price);
        }
        let period_s = self.rate_hz.map(f64::recip).or(self.period);
        if period_s.is_some() {
            usage.period_s = period_s;
        }
        usage.embodied_kg.extend(self.embodied.iter().cloned());
    }

    /// The same for how uncertainty is drawn.
    pub(super) fn override_output(&self, output: &mut OutputConfig) {
        if let Some(draws) = self.monte_carlo {
            output.monte_carlo = draws;
            output.correlated = self.correlated;
        }
    }
}
