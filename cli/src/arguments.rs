//! The command line as a whole: the tree of commands and the options they share. Each command's own arguments are
//! beside the command.

use clap::{Args, Parser, Subcommand};
use url::Url;
use uuid::Uuid;

use crate::commands;
use crate::output::screen::Format;

/// Metadata-only control plane for workflows: server, agent and client in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "signalbox",
    version,
    arg_required_else_help = true,
    after_help = "Start here:  signalbox dev        (server and agent on this machine)\n             signalbox get flows  (what is registered)"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Options every command knows.
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Options every command knows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Address of the API
    #[arg(
        long,
        global = true,
        env = "SIGNALBOX_API",
        value_name = "URL",
        default_value = "http://127.0.0.1:4200",
        hide_env_values = true
    )]
    pub(crate) api: Url,
    /// API key; not needed where the server answers without one
    #[arg(long, global = true, env = "SIGNALBOX_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// Tenant to act in, where the key may act in several
    #[arg(long, global = true, env = "SIGNALBOX_TENANT_ID", value_name = "UUID", hide_env_values = true)]
    pub(crate) tenant_id: Option<Uuid>,
    /// How to show data on stdout: table for people, json for scripts
    #[arg(
        long,
        short,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        hide_possible_values = true
    )]
    pub(crate) output: Format,
}

/// The first word after `signalbox`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Server and local agents in one process, on SQLite: for trying things out and for development
    Dev(commands::dev::Arguments),
    /// Run the server
    #[command(subcommand)]
    Server(commands::server::Command),
    /// Run an agent
    #[command(subcommand)]
    Agent(commands::agent::Command),
    /// Create a project, a tenant or an API key
    #[command(subcommand)]
    Create(commands::create::Command),
    /// Start a flow run, and follow it with --watch
    Run(commands::run::Arguments),
    /// List flows, flow runs, agents, logs …
    #[command(subcommand)]
    Get(commands::get::Command),
    /// Show everything about one thing
    #[command(subcommand)]
    Describe(commands::describe::Command),
    /// Stop flow runs
    Cancel(commands::cancel::Arguments),
    /// Hold flow runs until they are resumed
    Pause(commands::pause::Arguments),
    /// Let paused flow runs go on
    Resume(commands::resume::Arguments),
    /// Run again what failed in flow runs that have ended; what succeeded stays
    Restart(commands::restart::Arguments),
    /// Approve tasks that wait for it
    Approve(commands::approve::Arguments),
    /// Change how a flow is scheduled
    #[command(subcommand)]
    Set(commands::set::Command),
    /// Delete a flow, flow runs, a project, an agent or an API key
    #[command(subcommand)]
    Delete(commands::delete::Command),
    /// Print the completion script of a shell
    Completions(commands::completions::Arguments),
    /// Print the version of this program and of the server
    Version,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_tree_of_commands_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_explained() {
        let mut unexplained = Vec::new();
        explained(&Cli::command(), &mut unexplained);
        assert_eq!(unexplained, Vec::<String>::new());
    }

    fn explained(command: &clap::Command, unexplained: &mut Vec<String>) {
        if command.get_about().is_none() {
            unexplained.push(command.get_name().to_owned());
        }
        for argument in command.get_arguments().filter(|argument| argument.get_help().is_none()) {
            unexplained.push(format!("{} {}", command.get_name(), argument.get_id()));
        }
        for inner in command.get_subcommands() {
            explained(inner, unexplained);
        }
    }

    #[test]
    fn wrong_command_lines_are_refused_with_the_code_for_usage() {
        for line in [
            "signalbox run",
            "signalbox run --name a --id b",
            "signalbox run --id b --project p",
            "signalbox run --name a --param x",
            "signalbox run --name a --at tomorrow",
            "signalbox get flow-runs --state Crashed",
            "signalbox get logs a --level loud",
            "signalbox create api-key k --role king",
            "signalbox create api-key k --expires-in 1d --expires-at 2030-01-01",
            "signalbox delete flow-run",
            "signalbox cancel",
            "signalbox restart",
            "signalbox approve a --task b --all",
            "signalbox set schedule-policy f",
            "signalbox set schedule-policy f --overlap queue",
            "signalbox set schedule-policy f --jitter soon",
            "signalbox --api nowhere get flows",
            "signalbox --tenant-id me get flows",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).err();
            let code = error.map(|error| error.exit_code());
            assert_eq!(code, Some(i32::from(crate::failure::exit::USAGE)), "{line}");
        }
    }

    #[test]
    fn global_options_work_before_and_after_the_command() {
        for line in [
            ["signalbox", "-o", "json", "get", "projects"],
            ["signalbox", "get", "projects", "--output", "json"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.global.output, Format::Json, "{line:?}");
        }
    }
}
