//! Slow readers delay themselves alone, and are cut in the end.

use super::write_lines;
use serde_json::json;
use signalbox_tests::flow::state;
use signalbox_tests::socket::{Frame, Socket, TRANSPORT};
use signalbox_tests::{Scene, TestServer};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_reader_that_reads_nothing_is_cut_and_others_do_not_notice() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.flow_run().await;
    let long = "x".repeat(50_000);
    for batch in 0..20 {
        let lines: Vec<String> = (0..40).map(|line| format!("{batch}-{line} {long}")).collect();
        let lines: Vec<(&str, &str)> =
            lines.iter().map(|line| ("2026-01-01T00:00:00Z", line.as_str())).collect();
        write_lines(&scene.client, &run, &lines).await;
    }
    let memory = server.resident_megabytes();
    let document = "subscription($run: UUID!) { flow_run_logs(flow_run_id: $run) { message } }";
    let mut lazy = Socket::ready(server.address(), TRANSPORT, None).await;
    lazy.subscribe("1", document, json!({ "run": run })).await;
    let mut quick = Socket::ready(server.address(), TRANSPORT, None).await;
    let states = "subscription($run: UUID!) { flow_run_states(flow_run_id: $run) { state } }";
    quick.subscribe("1", states, json!({ "run": run })).await;
    quick.data("1").await;
    let began = Instant::now();
    let mut step = 0;
    // Longer than the server is patient.
    while began.elapsed() < Duration::from_secs(23) {
        step += 1;
        scene.set_flow_run_state(&run, state("Running", &format!("step {step}"))).await;
        quick.data("1").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(server.resident_megabytes() - memory < 100.0, "a slow reader is kept in memory");
    // What was on its way is read, and then nothing more comes: 800 lines of 50 kB do not fit into a socket.
    let mut lines = 0;
    while let Frame::Message(message) = lazy.receive().await {
        lines += message["payload"]["data"]["flow_run_logs"].as_array().map_or(0, Vec::len);
    }
    assert!(lines < 800, "the reader was not cut: {lines} lines");
}
