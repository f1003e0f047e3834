//! Which link does what.

use venue::mexc::listen_key::KeySlot;

use super::TraderConfig;
use crate::machine::LinkId;

/// What a link is for, as the loop's owner needs it to choose an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRole {
    /// Market data over the stream endpoint.
    Market,
    /// Private data over the stream endpoint.
    User,
    /// Orders over REST; kept warm.
    Order,
    /// Questions over REST.
    Query,
}

/// What a link is for, with where its session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Market(usize),
    User(usize, KeySlot),
    Order(usize, usize),
    Query(usize),
    Public,
}

/// The links in order: market and its stand-by, then for each account two streams, its order
/// connections and its questions, then public questions.
#[derive(Debug)]
pub(super) struct Roles {
    roles: Vec<Role>,
}

impl Roles {
    pub(super) fn new(config: &TraderConfig) -> Self {
        Self::of_counts(config.market_links, config.order_links, config.credentials.len())
    }

    fn of_counts(market_links: u8, order_links: u8, accounts: usize) -> Self {
        let mut roles: Vec<_> = (0..=usize::from(market_links)).map(Role::Market).collect();
        for desk in 0..accounts {
            roles.extend([Role::User(desk, KeySlot::A), Role::User(desk, KeySlot::B)]);
            roles.extend((0..usize::from(order_links)).map(|at| Role::Order(desk, at)));
            roles.push(Role::Query(desk));
        }
        roles.push(Role::Public);
        Self { roles }
    }

    pub(super) fn len(&self) -> usize {
        self.roles.len()
    }

    pub(super) fn of(&self, link: LinkId) -> Role {
        self.roles[link.index()]
    }
}

/// The roles of a trader's links, in their order.
pub fn roles(market_links: u8, order_links: u8, accounts: usize) -> Vec<LinkRole> {
    let roles = Roles::of_counts(market_links, order_links, accounts).roles;
    let role = |role: &Role| match role {
        Role::Market(_) => LinkRole::Market,
        Role::User(..) => LinkRole::User,
        Role::Order(..) => LinkRole::Order,
        Role::Query(_) | Role::Public => LinkRole::Query,
    };
    roles.iter().map(role).collect()
}

/// The account that each of these links serves, by its index; `None` for what serves all.
pub fn owners(market_links: u8, order_links: u8, accounts: usize) -> Vec<Option<usize>> {
    let roles = Roles::of_counts(market_links, order_links, accounts).roles;
    let owner = |role: &Role| match role {
        Role::User(desk, _) | Role::Order(desk, _) | Role::Query(desk) => Some(*desk),
        Role::Market(_) | Role::Public => None,
    };
    roles.iter().map(owner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_private_link_has_its_account_and_public_ones_have_none() {
        let roles = roles(1, 2, 2);
        let owners = owners(1, 2, 2);
        assert_eq!(roles.len(), owners.len());
        for (role, owner) in roles.iter().zip(&owners) {
            let private = matches!(role, LinkRole::User | LinkRole::Order);
            assert!(owner.is_some() || !private, "{role:?} of {owner:?}");
            assert!(owner.is_none() || *role != LinkRole::Market);
        }
        let of = |account| owners.iter().filter(|owner| **owner == Some(account)).count();
        assert_eq!([of(0), of(1), of(2)], [5, 5, 0]);
        assert_eq!(owners.last(), Some(&None));
    }
}
