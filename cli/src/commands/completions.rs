//! `signalbox completions`: the completion script of a shell, on stdout.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Cli;
use crate::failure::Failure;
use crate::output::screen;

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bash   source <(signalbox completions bash)
  zsh    signalbox completions zsh > \"${fpath[1]}/_signalbox\"
  fish   signalbox completions fish | source")]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "signalbox", &mut script);
    screen::line(String::from_utf8_lossy(&script).trim_end())
}
