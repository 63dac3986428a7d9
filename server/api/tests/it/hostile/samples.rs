//! Documents that are really sent.

use super::choices::Choices;

const DOCUMENTS: [&str; 17] = [
    include_str!("../../../../../schema/operations/agent/claim_flow_runs.graphql"),
    include_str!("../../../../../schema/operations/agent/flow_run_state.graphql"),
    include_str!("../../../../../schema/operations/agent/register_agent.graphql"),
    include_str!("../../../../../schema/operations/agent/release_flow_runs.graphql"),
    include_str!("../../../../../schema/operations/agent/set_flow_run_states.graphql"),
    include_str!("../../../../../schema/operations/agent/tenant.graphql"),
    include_str!("../../../../../schema/operations/agent/write_run_logs.graphql"),
    "query{hello}",
    "query { tenant { id } }",
    "query { flow(where: { _and: { name: { _eq: \"f\" }, version: { _eq: null }, project: { name: { _eq: \"p\" } } } }, \
     order_by: { name: asc, version: desc }, distinct_on: name, limit: 10) { name version created id project { name } } }",
    "query { flow_run(where: { flow: { _and: { name: { _eq: \"f\" }, project: { name: { _eq: null } } } } }, limit: 10, \
     order_by: { created: desc }) { flow { name } id created state name start_time } }",
    "query { task_run(where: { state: { _eq: \"Cached\" }, state_timestamp: { _gte: \"2026-11-22T02:22:02.116877\" }, \
     task_id: { _eq: \"5e2a3b1c-afe5-4f0b-8d4f-00dd00aa11bb\" } }, order_by: { state_timestamp: desc }, limit: 100) \
     { serialized_state } }",
    "mutation { set_flow_run_states(input: { states: [{ flow_run_id: \"5e2a3b1c-afe5-4f0b-8d4f-00dd00aa11bb\", \
     version: 3, state: { type: \"Running\", message: \"Running flow. \\ud83d\\ude00\" } }] }) { states { id status message } } }",
    "mutation { get_runs_in_queue(input: { before: \"2026-11-22T02:22:02.116877+00:00\", labels: [\"a\"], \
     tenant_id: \"5e2a3b1c-afe5-4f0b-8d4f-00dd00aa11bb\" }) { flow_run_ids } }",
    "query Runs($state: [String!], $limit: Int) { Success: flow_run_aggregate(where: { state: { _in: $state } }) \
     { aggregate { count max { end_time } } } flow_run(limit: $limit, order_by: [{ flow: { name: asc } }, \
     { scheduled_start_time: desc_nulls_last }]) { id name states(order_by: { timestamp: desc }, limit: 1) { ...s } } } \
     fragment s on flow_run_state { id message timestamp __typename }",
    "{ __schema { queryType { name } types { kind name fields { name type { kind ofType { name } } } } } }",
    "query($on: Boolean = false) { api @include(if: $on) { backend version } hello @skip(if: $on) }",
];

const WITH_VARIABLES: [&str; 5] = [
    "query($w: flow_run_bool_exp, $o: [flow_run_order_by!], $n: Int) \
     { flow_run(where: $w, order_by: $o, limit: $n, offset: $n) { id labels } }",
    "query($id: uuid!) { flow_run_by_pk(id: $id) { id parameters(path: \"$.a\") } }",
    "query($w: log_bool_exp!) { log_aggregate(where: { _not: $w, flow_run: { flow: { name: { _eq: \"x\" } } } }) \
     { aggregate { count } } }",
    "mutation($input: create_flow_run_input!) { create_flow_run(input: $input) { id } }",
    "mutation($input: [write_run_log_input!]!) { write_run_logs(input: { logs: $input }) { success } }",
];

/// One of them.
pub fn document(choices: &mut Choices<'_>) -> &'static str {
    choices.of_all::<&str>(&DOCUMENTS)
}

/// One that takes variables.
pub fn with_variables(choices: &mut Choices<'_>) -> &'static str {
    choices.of_all::<&str>(&WITH_VARIABLES)
}
