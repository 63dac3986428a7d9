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
