//! What the agent starts in place of Prefect while the start delay is measured: it says when it started, then ends
//! its run properly. It is this very program, because a compiled stub adds less of its own than a script.

use std::env;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::seed::{nanoseconds_now, state};

/// The variable that says where to report the start, set through the run's run config.
pub const REPORT_TO: &str = "SIGNALBOX_BENCH_REPORT_TO";

/// Whether this process was called the way agents call Prefect: `… execute flow-run`.
pub fn is_called() -> bool {
    env::args().nth(1).as_deref() == Some("execute") && env::var_os(REPORT_TO).is_some()
}

/// Reports the start as `<nanoseconds since 1970> <flow run id>` in one datagram; then sets Running and Success.
pub fn run() -> Result<()> {
    let started = nanoseconds_now();
    let flow_run = env::var("PREFECT__CONTEXT__FLOW_RUN_ID").context("no flow run in the environment")?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.send_to(format!("{started} {flow_run}").as_bytes(), env::var(REPORT_TO)?)?;
    let api = env::var("PREFECT__CLOUD__API").context("no API in the environment")?;
    let target: SocketAddr = api.trim_start_matches("http://").trim_end_matches('/').parse()?;
    set_state(target, &flow_run, &state("Running", "Running flow."))?;
    set_state(target, &flow_run, &state("Success", "All reference tasks succeeded."))
}

fn set_state(target: SocketAddr, flow_run: &str, state: &Value) -> Result<()> {
    let document = "mutation($input: set_flow_run_states_input!) { set_flow_run_states(input: $input) { states { status } } }";
    let input = json!({"states": [{"flow_run_id": flow_run, "version": null, "state": state}]});
    let request = Request::graphql(target, &[], document, &json!({ "input": input }));
    let request =
        String::from_utf8(request.bytes().to_vec())?.replace("Connection: keep-alive", "Connection: close");
    let mut stream = TcpStream::connect(target)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    ensure!(answer.starts_with(b"HTTP/1.1 200"), "a state was refused: {}", String::from_utf8_lossy(&answer));
    Ok(())
}
