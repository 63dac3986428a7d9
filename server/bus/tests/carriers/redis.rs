//! Hints by way of Redis.

use crate::ears::{flow_run, is_quiet, replica, until, woken, work};
use signalbox_bus::{Bus, Link, Redis, RedisAddress, RelayBus, Topic};
use signalbox_tests::{Balancer, RedisServer};
use std::time::{Duration, Instant};

fn bus(server: &RedisServer, number: u128) -> RelayBus {
    RelayBus::start(
        Redis::new(RedisAddress::parse(&server.url()).expect("the harness makes URLs")),
        replica(number),
    )
}

async fn two_replicas(server: &RedisServer) -> (RelayBus, RelayBus) {
    let (left, right) = (bus(server, 1), bus(server, 2));
    until(&left, Link::Up).await;
    until(&right, Link::Up).await;
    (left, right)
}

#[tokio::test]
async fn a_hint_reaches_the_other_replica_and_its_own_at_once() {
    let server = RedisServer::start();
    let (left, right) = two_replicas(&server).await;
    for topic in [work(1), flow_run(2), Topic::Schedules, Topic::Keys] {
        let (mut here, mut there, mut elsewhere) =
            (left.subscribe(topic), right.subscribe(topic), right.subscribe(work(9)));
        left.hint(topic);
        assert!(here.was_hinted(), "no way through Redis is taken here");
        let took = woken(&mut there).await;
        assert!(took < Duration::from_secs(1), "{topic:?} took {took:?}");
        assert!(is_quiet(&mut elsewhere).await, "a hint reached another topic");
    }
}

#[tokio::test]
async fn a_replica_does_not_hear_itself() {
    let server = RedisServer::start();
    let (left, right) = two_replicas(&server).await;
    let (mut here, mut there) = (left.subscribe(work(1)), right.subscribe(work(1)));
    left.hint(work(1));
    woken(&mut here).await;
    woken(&mut there).await;
    assert!(is_quiet(&mut here).await, "its own message came back as a hint");
}

#[tokio::test]
async fn ten_thousand_hints_are_few_messages() {
    let server = RedisServer::start();
    let (left, right) = two_replicas(&server).await;
    let before = published(&server);
    let mut ears: Vec<_> = (0..100).map(|number| right.subscribe(flow_run(number))).collect();
    let since = Instant::now();
    for round in 0..100 {
        for number in 0..100 {
            left.hint(flow_run(number));
        }
        if round % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let took = since.elapsed();
    for ear in &mut ears {
        woken(ear).await;
    }
    let messages = published(&server) - before;
    assert!(messages <= 40, "10000 hints of 100 topics, given in {took:?}, were {messages} messages");
}

/// How many messages were published so far.
fn published(server: &RedisServer) -> u64 {
    let address = server.address();
    let output = std::process::Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &address.port().to_string(), "INFO", "commandstats"])
        .output()
        .expect("redis-cli comes with redis-server");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("cmdstat_publish:calls="));
    line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn what_was_hinted_while_redis_was_away_arrives_when_it_is_back() {
    let mut server = RedisServer::start();
    let (left, right) = two_replicas(&server).await;
    server.kill();
    until(&left, Link::Down).await;
    until(&right, Link::Down).await;
    let mut here = left.subscribe(work(1));
    left.hint(work(1));
    woken(&mut here).await;
    // Somebody who waits for what nobody hints is woken as well: hints may have been missed.
    let mut waiting = right.subscribe(work(7));
    server.restart();
    woken(&mut waiting).await;
    until(&left, Link::Up).await;
    until(&right, Link::Up).await;
    let (mut there, mut back) = (right.subscribe(work(3)), left.subscribe(work(4)));
    left.hint(work(3));
    right.hint(work(4));
    woken(&mut there).await;
    woken(&mut back).await;
}

#[tokio::test]
async fn what_one_replica_could_not_send_it_sends_when_it_can() {
    let server = RedisServer::start();
    let network = Balancer::start(&[server.address()]).await;
    let address = RedisAddress::parse(&format!("redis://{}", network.address())).unwrap();
    let (left, right) = (RelayBus::start(Redis::new(address), replica(1)), bus(&server, 2));
    until(&left, Link::Up).await;
    until(&right, Link::Up).await;
    network.send_to(&[]);
    network.cut();
    until(&left, Link::Down).await;
    let (mut meant, mut other) = (right.subscribe(flow_run(1)), right.subscribe(flow_run(2)));
    left.hint(flow_run(1));
    assert!(is_quiet(&mut meant).await, "there is no way");
    network.send_to(&[server.address()]);
    woken(&mut meant).await;
    assert!(is_quiet(&mut other).await, "only what was hinted is sent later");
}

#[tokio::test]
async fn a_frozen_redis_holds_nobody_up() {
    let server = RedisServer::start();
    let (left, right) = two_replicas(&server).await;
    server.freeze();
    let mut here = left.subscribe(flow_run(5));
    let since = Instant::now();
    for number in 0..20_000 {
        left.hint(flow_run(number));
        if number % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1), "20000 hints took {took:?}");
    woken(&mut here).await;
    until(&left, Link::Down).await;
    let mut there = right.subscribe(work(1));
    server.thaw();
    until(&left, Link::Up).await;
    left.hint(work(1));
    woken(&mut there).await;
}

#[tokio::test]
async fn a_server_without_tls_is_no_rediss_server() {
    let server = RedisServer::start();
    let address = RedisAddress::parse(&server.url().replace("redis:", "rediss:")).unwrap();
    let bus = RelayBus::start(Redis::new(address), replica(1));
    let mut here = bus.subscribe(work(1));
    assert!(is_quiet(&mut here).await, "nothing was reached, so nobody is woken");
    assert_eq!(bus.link(), Link::Down);
    bus.hint(work(1));
    woken(&mut here).await;
}
