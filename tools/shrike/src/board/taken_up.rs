//! What a start goes on from, as if the board had heard it all.

use engine::{Action, Follower};
use model::{Body, Event, KillLevel, Mono, Record, Text};

use super::{Board, Kill};

impl Board {
    /// Takes what the decisions of the run before left: names, targets, permits, positions and
    /// orders that may still fill. What is over and no longer kept is for the archive to show.
    pub fn take_up(&mut self, state: &Follower) {
        let at = self.clock.moment(Mono::ZERO);
        let engine = state.engine();
        let reason = Text::clipped("as the run before left it");
        self.kill = Kill { level: engine.kill_level(), reason, seq: 0 };
        for (id, names, spec) in engine.names() {
            let told = |body| Event { symbol: id, ..Event::bare(body) };
            self.on_event(at, &told(Body::Symbol(*names)));
            if let Some(spec) = spec {
                self.on_event(at, &told(Body::Spec(*spec)));
            }
        }
        let mut persist = |record| {
            self.on_action(0, at, &Action::Persist { token: 0, record });
        };
        let level = engine.kill_level();
        if level > KillLevel::Active {
            // The engine has it already: no record of this run will say so.
            let reason = Text::clipped("as the run before left it");
            persist(Record::Kill { level, reason });
        }
        for target in engine.targets() {
            persist(Record::Target(target.record));
            if let Some(used) = target.permit {
                persist(Record::Permit(used.permit));
                if used.revoked {
                    persist(Record::Revoked { permit: used.permit.id });
                }
            }
            if let Some(position) = engine.position(target) {
                persist(Record::Position(position));
            }
        }
        for target in engine.targets() {
            if let Some(shown) = self.targets.get_mut(target.record.id) {
                shown.carried = target.position.average();
            }
        }
        for order in engine.orders().filter(|order| order.is_alive()) {
            self.on_action(0, at, &Action::Place(order.request));
        }
    }
}
