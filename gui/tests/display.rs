//! The program itself on a display. Needs Xvfb, xdotool and ImageMagick, and says so where it has
//! none.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn exists(program: &str) -> bool {
    let mut which = Command::new("which");
    let found = which.arg(program).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Tries until it works, for a minute.
fn wait<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Colours on the display, by how many pixels have them.
fn colours(display: &str, folder: &Path) -> std::collections::BTreeMap<[u8; 3], usize> {
    let file = folder.join("screen.png");
    let mut import = Command::new("import");
    import
        .args(["-display", display, "-window", "root"])
        .arg(&file);
    assert!(import.status().unwrap().success());
    let mut colours = std::collections::BTreeMap::new();
    for pixel in image::open(file).unwrap().to_rgb8().pixels() {
        *colours.entry(pixel.0).or_default() += 1;
    }
    colours
}

#[test]
fn the_window_opens_on_a_display_shows_energy_and_takes_keys() {
    let missing: Vec<&str> = ["Xvfb", "xdotool", "import"]
        .into_iter()
        .filter(|program| !exists(program))
        .collect();
    if !missing.is_empty() {
        eprintln!(
            "SKIPPED: the window is not tried, there is no {}",
            missing.join(", ")
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let display = format!(":{}", 200 + std::process::id() % 1000);
    let mut screen = Command::new("Xvfb");
    screen.arg(&display).args(["-screen", "0", "1280x800x24"]);
    let _screen = Running(screen.stderr(Stdio::null()).spawn().unwrap());
    let on_display = |program: &str| {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_DATA_HOME", folder.path())
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
    };
    let xdotool = |args: &[&str]| on_display("xdotool").args(args).output();
    wait("a display", || {
        let size = xdotool(&["getdisplaygeometry"]).ok()?;
        size.status.success().then_some(())
    });
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.toml");
    let mut program = on_display(env!("CARGO_BIN_EXE_spikewatt-gui"));
    let mut window = Running(program.arg(example).spawn().unwrap());
    wait("a window", || {
        let found = xdotool(&["search", "--name", "spikewatt"]).ok()?;
        (!found.stdout.is_empty()).then_some(())
    });
    // The colour of synapses fills bars of the energy over time.
    let [r, g, b] = spikewatt::report::cause_colour(spikewatt::explore::Cause::Synapse);
    let before = wait("a chart of energy", || {
        let colours = colours(&display, folder.path());
        let filled = colours.get(&[r, g, b]).copied().unwrap_or(0);
        (filled > 500).then_some(colours)
    });
    // Light instead of dark.
    let bright = |colours: &std::collections::BTreeMap<[u8; 3], usize>| -> usize {
        let white = colours.iter().filter(|(c, _)| c.iter().all(|v| *v > 230));
        white.map(|(_, count)| count).sum()
    };
    // Without a window manager nobody else gives it the keys.
    xdotool(&["search", "--name", "spikewatt", "windowfocus"]).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    xdotool(&["key", "ctrl+t"]).unwrap();
    wait("another theme", || {
        let after = colours(&display, folder.path());
        (bright(&after) > bright(&before) + 100_000).then_some(())
    });
    assert_eq!(window.0.try_wait().unwrap(), None, "it still runs");
}
