use super::*;
use uuid::Uuid;

fn tenant(n: u128) -> TenantId {
    TenantId(Uuid::from_u128(n))
}

fn key(role: Role) -> Actor {
    Actor::Key { id: ApiKeyId(Uuid::from_u128(9)), tenant: tenant(1), role, expires_at: None }
}

#[test]
fn the_policy_table() {
    let mut table = Vec::new();
    for role in Role::ALL {
        let row = [
            ("view", key(*role).access::<Viewer>(None).is_ok()),
            ("report", key(*role).access::<Reporter>(None).is_ok()),
            ("operate", key(*role).access::<Operator>(None).is_ok()),
            ("administer", key(*role).access::<Admin>(None).is_ok()),
        ];
        let rights: Vec<_> = row.iter().filter(|(_, granted)| *granted).map(|(name, _)| *name).collect();
        table.push(format!("{role}: {}", rights.join(" ")));
    }
    assert_eq!(
        table,
        [
            "viewer: view",
            "agent: view report",
            "operator: view report operate",
            "admin: view report operate administer"
        ]
    );
}

#[test]
fn a_key_opens_its_own_tenant_only() {
    assert_eq!(key(Role::Admin).access::<Viewer>(Some(tenant(1))).unwrap().tenant(), tenant(1));
    assert_eq!(
        key(Role::Admin).access::<Viewer>(Some(tenant(2))).unwrap_err(),
        Denied::OtherTenant(tenant(2))
    );
}

#[test]
fn the_local_actor_opens_every_tenant() {
    let local = Actor::Local { default_tenant: tenant(1) };
    assert_eq!(local.access::<Admin>(None).unwrap().tenant(), tenant(1));
    assert_eq!(local.access::<Admin>(Some(tenant(2))).unwrap().tenant(), tenant(2));
}
