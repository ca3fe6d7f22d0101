//! What keys do. The list is the one that `?` and the palette show.

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers};

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Play or pause.
    Play,
    /// Move the cursor by so many timesteps.
    Step(i64),
    /// Move the cursor to the next (1) or previous (-1) timestep with a spike of the selection.
    Event(i64),
    /// First timestep.
    Home,
    /// Last timestep.
    End,
    /// Play slower or faster by this factor in percent.
    Speed(u32),
    /// Show everything.
    Fit,
    /// Select everything.
    Clear,
    /// Take the last change of the selection or of a figure back.
    Undo,
    /// Make it again.
    Redo,
    /// Open a file.
    Open,
    /// Find a population.
    Find,
    /// Command palette.
    Palette,
    /// Save the layout.
    SaveLayout,
    /// Export the panel in view.
    Export,
    /// Copy the panel in view as a picture.
    Copy,
    /// Keep the open run to compare with, or forget it.
    Keep,
    /// Light or dark.
    Theme,
    /// List of keys.
    Keys,
    /// Stop the run, close what is open on top.
    Cancel,
}

/// A command with its key.
pub struct Command {
    /// What it is called.
    pub name: &'static str,
    /// Its key.
    pub key: KeyboardShortcut,
    /// What it does.
    pub action: Action,
}

impl Command {
    /// Its key as it is written on the keyboard.
    #[must_use]
    pub fn shown(&self, ctx: &Context) -> String {
        match self.key.logical_key {
            Key::OpenBracket => "[".into(),
            Key::CloseBracket => "]".into(),
            Key::Questionmark => "?".into(),
            _ => ctx.format_shortcut(&self.key),
        }
    }
}

const fn command(name: &'static str, modifiers: Modifiers, key: Key, action: Action) -> Command {
    Command {
        name,
        key: KeyboardShortcut::new(modifiers, key),
        action,
    }
}

/// Every command. Those with more modifiers come first: a key is taken by the first that fits.
pub static COMMANDS: [Command; 25] = [
    command(
        "Step back by ten",
        Modifiers::SHIFT,
        Key::ArrowLeft,
        Action::Step(-10),
    ),
    command(
        "Advance 10 timesteps",
        Modifiers::SHIFT,
        Key::ArrowRight,
        Action::Step(10),
    ),
    command(
        "Previous event",
        Modifiers::CTRL,
        Key::ArrowLeft,
        Action::Event(-1),
    ),
    command(
        "Next event",
        Modifiers::CTRL,
        Key::ArrowRight,
        Action::Event(1),
    ),
    command("Undo", Modifiers::CTRL, Key::Z, Action::Undo),
    command("Redo", Modifiers::CTRL, Key::Y, Action::Redo),
    command("Open…", Modifiers::CTRL, Key::O, Action::Open),
    command("Find a population", Modifiers::CTRL, Key::F, Action::Find),
    command("Command palette", Modifiers::CTRL, Key::K, Action::Palette),
    command("Save layout", Modifiers::CTRL, Key::S, Action::SaveLayout),
    command("Export view", Modifiers::CTRL, Key::E, Action::Export),
    command(
        "Copy view as a picture",
        Modifiers::CTRL,
        Key::P,
        Action::Copy,
    ),
    command(
        "Keep this run to compare",
        Modifiers::CTRL,
        Key::B,
        Action::Keep,
    ),
    command("Light or dark", Modifiers::CTRL, Key::T, Action::Theme),
    command("Play or pause", Modifiers::NONE, Key::Space, Action::Play),
    command(
        "Step back",
        Modifiers::NONE,
        Key::ArrowLeft,
        Action::Step(-1),
    ),
    command("Step on", Modifiers::NONE, Key::ArrowRight, Action::Step(1)),
    command("First timestep", Modifiers::NONE, Key::Home, Action::Home),
    command("Last timestep", Modifiers::NONE, Key::End, Action::End),
    command(
        "Slower",
        Modifiers::NONE,
        Key::OpenBracket,
        Action::Speed(50),
    ),
    command(
        "Faster",
        Modifiers::NONE,
        Key::CloseBracket,
        Action::Speed(200),
    ),
    command("Show everything", Modifiers::NONE, Key::F, Action::Fit),
    command(
        "Select everything",
        Modifiers::NONE,
        Key::Delete,
        Action::Clear,
    ),
    command(
        "List of keys",
        Modifiers::NONE,
        Key::Questionmark,
        Action::Keys,
    ),
    command("Cancel", Modifiers::NONE, Key::Escape, Action::Cancel),
];

/// What the mouse does, for the list of keys.
pub static MOUSE: [(&str, &str); 7] = [
    ("Drag", "select neurons and timesteps"),
    (
        "Click",
        "move the cursor, select a population, core or neuron",
    ),
    ("Ctrl + click", "add it to the selection"),
    ("Wheel, middle button", "move the view"),
    ("Double click", "show everything"),
    ("Ctrl + wheel", "zoom time at the pointer"),
    ("Ctrl + Shift + wheel", "zoom neurons at the pointer"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_key_of_its_own() {
        for (index, command) in COMMANDS.iter().enumerate() {
            assert!(
                COMMANDS[..index]
                    .iter()
                    .all(|other| other.key != command.key && other.name != command.name)
            );
        }
    }
}
