//! Hints by way of PostgreSQL.

use crate::ears::{flow_run, is_quiet, replica, until, woken, work};
use crate::postgres::{PostgresServer, url_at};
use signalbox_bus::{Bus, Link, Postgres, RelayBus, Topic};
use signalbox_tests::Balancer;
use std::time::{Duration, Instant};

fn bus(url: &str, number: u128) -> RelayBus {
    RelayBus::start(Postgres::new(url).expect("the harness makes URLs"), replica(number))
}

async fn two_replicas(server: &PostgresServer) -> (RelayBus, RelayBus) {
    let (left, right) = (bus(&server.url(), 1), bus(&server.url(), 2));
    until(&left, Link::Up).await;
    until(&right, Link::Up).await;
    (left, right)
}

#[tokio::test]
async fn a_hint_reaches_the_other_replica_and_does_not_come_back() {
    let server = PostgresServer::start();
    let (left, right) = two_replicas(&server).await;
    for topic in [work(1), flow_run(2), Topic::Schedules, Topic::Keys] {
        let (mut here, mut there) = (left.subscribe(topic), right.subscribe(topic));
        left.hint(topic);
        assert!(here.was_hinted(), "no way through the database is taken here");
        let took = woken(&mut there).await;
        assert!(took < Duration::from_secs(1), "{topic:?} took {took:?}");
        assert!(is_quiet(&mut here).await, "its own message came back as a hint");
    }
}

#[tokio::test]
async fn more_topics_than_fit_into_a_message_arrive() {
    let server = PostgresServer::start();
    let (left, right) = two_replicas(&server).await;
    let mut ears: Vec<_> = (0..1000).map(|number| right.subscribe(flow_run(number))).collect();
    let since = Instant::now();
    for _ in 0..10 {
        for number in 0..1000 {
            left.hint(flow_run(number));
        }
    }
    assert!(since.elapsed() < Duration::from_secs(1), "10000 hints took {:?}", since.elapsed());
    for ear in &mut ears {
        woken(ear).await;
    }
}

#[tokio::test]
async fn after_an_interruption_everybody_is_woken_and_what_was_hinted_arrives() {
    let server = PostgresServer::start();
    let network = Balancer::start(&[server.address()]).await;
    let (left, right) = (bus(&url_at(network.address()), 1), bus(&server.url(), 2));
    until(&left, Link::Up).await;
    until(&right, Link::Up).await;
    network.send_to(&[]);
    network.cut();
    until(&left, Link::Down).await;
    let (mut here, mut missed) = (left.subscribe(work(1)), left.subscribe(work(2)));
    let mut there = right.subscribe(work(1));
    left.hint(work(1));
    woken(&mut here).await;
    assert!(is_quiet(&mut there).await, "there is no way");
    network.send_to(&[server.address()]);
    woken(&mut missed).await;
    woken(&mut there).await;
    until(&left, Link::Up).await;
    right.hint(work(2));
    woken(&mut missed).await;
}
