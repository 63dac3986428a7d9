//! The harness itself: a server starts, dies, comes back where it was, and a bad answer is noticed.

use signalbox_tests::TestServer;

#[tokio::test]
async fn a_server_comes_back_on_the_same_port_and_files() {
    let mut server = TestServer::start();
    let client = server.client();
    assert!(client.query("{ hello }").await["hello"].is_string());
    let tenant = client.query("{ tenant { id } }").await;
    server.kill();
    assert_eq!(client.try_post(b"{\"query\":\"{ hello }\"}").await, None);
    server.restart();
    assert_eq!(client.query("{ tenant { id } }").await, tenant);
    assert!(server.resident_megabytes() > 1.0 && server.peak_megabytes() >= server.resident_megabytes());
}

#[tokio::test]
#[should_panic(expected = "unexpected")]
async fn an_error_is_not_taken_for_data() {
    let server = TestServer::start();
    server.client().query("{ nonsense }").await;
}

#[tokio::test]
#[should_panic(expected = "no error code")]
async fn data_is_not_taken_for_a_refusal() {
    let server = TestServer::start();
    server.client().graphql("{ hello }", serde_json::Value::Null).await.assert_refused();
}
