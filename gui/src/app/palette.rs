//! Commands, panels, populations and files by typing a part of their name.

use crate::commands::{Action, COMMANDS};
use crate::panels;
use crate::state::State;
use eframe::egui::{self, Context, Key};
use std::path::{Path, PathBuf};

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Chosen {
    /// A command.
    Action(Action),
    /// A panel, to be brought to the front.
    Panel(&'static str),
    /// A population, to be selected and shown.
    Population(usize),
    /// A file, to be opened.
    File(PathBuf),
    /// Nothing.
    Nothing,
}

/// The list and the text that narrows it down.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Palette {
    text: String,
    /// Only populations.
    finds: bool,
    /// The entry that Enter takes.
    place: usize,
}

/// An entry: what it says, its key, and what it stands for.
type Entry = (String, String, Chosen);

impl Palette {
    /// Everything, or populations only.
    pub fn new(finds: bool) -> Self {
        Palette {
            finds,
            ..Palette::default()
        }
    }

    fn entries(&self, ctx: &Context, state: &State) -> Vec<Entry> {
        let populations = state.open.iter().flat_map(|open| {
            let nodes = open.record.counts.topology.populations.iter().enumerate();
            nodes.map(|(index, node)| {
                let name = format!("Select {}", node.name);
                (name, node.shape.to_string(), Chosen::Population(index))
            })
        });
        let mut entries: Vec<Entry> = Vec::new();
        if !self.finds {
            let typed = Path::new(self.text.trim());
            if typed.exists() {
                let name = format!("Open {}", typed.display());
                entries.push((name, String::new(), Chosen::File(typed.to_owned())));
            }
            entries.extend(COMMANDS.iter().map(|command| {
                let action = Chosen::Action(command.action);
                (command.name.to_owned(), command.shown(ctx), action)
            }));
            entries.extend(panels::all().iter().map(|panel| {
                let name = format!("Show {}", panel.name());
                (name, String::new(), Chosen::Panel(panel.name()))
            }));
        }
        entries.extend(populations);
        let wanted = self.text.trim().to_lowercase();
        let is_file = |chosen: &Chosen| matches!(chosen, Chosen::File(_));
        entries
            .retain(|(name, _, chosen)| is_file(chosen) || name.to_lowercase().contains(&wanted));
        entries
    }

    /// Draws it; says what was chosen, if anything was.
    pub fn show(&mut self, ctx: &Context, state: &State) -> Option<Chosen> {
        let mut chosen = None;
        let title = if self.finds { "Find" } else { "Commands" };
        egui::Window::new(title)
            .collapsible(false)
            .resizable(false)
            .anchor(egui::Align2::CENTER_TOP, egui::vec2(0.0, 60.0))
            .show(ctx, |ui| {
                // Before the field, which moves its own cursor with them.
                let pressed = |key| ui.input_mut(|i| i.consume_key(egui::Modifiers::NONE, key));
                let [up, down, enter, escape] =
                    [Key::ArrowUp, Key::ArrowDown, Key::Enter, Key::Escape].map(pressed);
                let hint = if self.finds {
                    "population"
                } else {
                    "command, panel, population or file"
                };
                let field = egui::TextEdit::singleline(&mut self.text).hint_text(hint);
                let field = ui.add(field.desired_width(360.0));
                field.request_focus();
                if field.changed() {
                    self.place = 0;
                }
                let mut entries = self.entries(ctx, state);
                let last = entries.len().saturating_sub(1);
                self.place = (self.place + usize::from(down)).saturating_sub(usize::from(up));
                self.place = self.place.min(last);
                if escape {
                    chosen = Some(Chosen::Nothing);
                } else if enter && !entries.is_empty() {
                    chosen = Some(entries.swap_remove(self.place).2);
                    return;
                }
                if entries.is_empty() {
                    ui.weak("nothing of this name");
                }
                let list = egui::ScrollArea::vertical().max_height(320.0);
                list.auto_shrink([false, true]).show(ui, |ui| {
                    for (place, (name, key, meant)) in entries.into_iter().enumerate() {
                        let button = egui::Button::selectable(place == self.place, name)
                            .shortcut_text(key)
                            .min_size(egui::vec2(ui.available_width(), 0.0));
                        let response = ui.add(button);
                        if place == self.place && (up || down) {
                            response.scroll_to_me(None);
                        }
                        if response.clicked() {
                            chosen = Some(meant);
                        }
                    }
                });
            });
        chosen
    }
}
