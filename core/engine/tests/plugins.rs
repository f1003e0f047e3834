//! Plug-ins in their slots: whose targets are whose, and the exchange of one for another.

mod desk;

use desk::{Desk, NEW, ms, opening};
use engine::{Action, Note};
use model::{
    AccountId, Body, ExitPlan, Intent, KillLevel, Permit, PluginChange, PluginEvent, PluginRecord,
    Record, Slot, Span, SymbolId, TargetId, TargetState, WhyNot,
};

#[test]
fn an_exchange_without_armed_targets_takes_one_step() {
    let mut desk = Desk::open();
    let done = desk.ready(22, false);
    assert_eq!(changes(&done), ["took 22 from 11"]);
    assert_eq!(desk.running(), 22);
}

#[test]
fn an_armed_target_has_a_durable_successor_before_its_plug_in_is_exchanged() {
    let mut desk = Desk::armed();
    let before = permit(&desk);
    desk.disk = false;
    let done = desk.ready(22, false);
    let (token, successor) = successor(&done);
    let bounds = |permit: Permit| Permit { id: before.id, plugin: 0, ..permit };
    assert_eq!(bounds(successor), bounds(before), "the same bounds");
    assert_eq!((successor.plugin, before.plugin), (22, 11));
    assert_eq!((desk.running(), permit(&desk).id), (11, before.id), "nothing has changed yet");

    let done = desk.say(Body::Durable { token });
    assert_eq!(changes(&done), ["took 22 from 11"]);
    assert_eq!((desk.running(), permit(&desk).id), (22, successor.id));
    assert_eq!(desk.state(), TargetState::Armed);

    let fired = desk.until(opening());
    assert_eq!(fired.only_place().client_order_id.permit(), successor.id);
}

#[test]
fn an_exchange_waits_for_orders_that_are_on_their_way() {
    let (mut desk, request) = Desk::fired();
    desk.ready(22, false);
    assert_eq!(desk.running(), 11);
    let done = desk.fills(&request);
    assert_eq!(changes(&done), ["took 22 from 11"]);
    assert_eq!(permit(&desk).plugin, 11, "what is bought stays under its own permit");
}

#[test]
fn disarming_makes_an_exchange_go_through_at_once() {
    let mut desk = Desk::armed();
    desk.disk = false;
    let done = desk.ready(22, true);
    assert_eq!(changes(&done), ["took 22 from 11"]);
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Ready, WhyNot::Disarmed));
    assert!(desk.until(opening().after(Span::from_secs(1))).places().is_empty());
}

#[test]
fn a_later_exchange_takes_the_place_of_one_that_waits() {
    let mut desk = Desk::armed();
    desk.disk = false;
    let (old, _) = successor(&desk.ready(22, false));
    let (new, last) = successor(&desk.ready(33, false));
    assert!(changes(&desk.say(Body::Durable { token: old })).is_empty());
    assert_eq!(changes(&desk.say(Body::Durable { token: new })), ["took 33 from 11"]);
    assert_eq!(permit(&desk).id, last.id);
}

#[test]
fn an_instance_that_is_not_there_changes_nothing_and_is_said() {
    let mut desk = Desk::armed();
    let before = permit(&desk);
    let event = PluginEvent::Ready {
        plugin: 44,
        name: model::Text::clipped("lost 1"),
        why: model::SwapReason::Swap,
        disarm: false,
    };
    let mut done = changes(&desk.say(Body::Plugin { slot: Slot(0), event }));
    done.extend(changes(&desk.wait(ms(10))));
    assert_eq!(done, ["44 missing"]);
    assert_eq!((desk.running(), permit(&desk)), (11, before));
}

#[test]
fn a_kill_that_revokes_permits_leaves_no_successor_behind() {
    let mut desk = Desk::armed();
    desk.disk = false;
    let (token, _) = successor(&desk.ready(22, false));
    desk.kill(model::KillLevel::Reduce);
    desk.say(Body::Durable { token });
    assert!(desk.until(opening()).places().is_empty());
    assert!(desk.engine.targets().all(|target| target.permit.is_none_or(|used| used.revoked)));
}

#[test]
fn an_exchange_outlives_a_restart_while_the_configuration_stays() {
    let mut desk = Desk::armed();
    desk.ready(22, false);
    desk.wait(ms(10));
    desk.restart();
    assert_eq!(desk.engine.slot_plugin(Slot(0)), 22);
    let mut resumed = engine::Follower::new(desk.engine.config().clone());
    resumed.resume(&desk.engine.save()).unwrap();
    assert_eq!(resumed.save(), desk.engine.save());
    desk.restart_with(false, |config| {
        config.plugins = model::FixedList::new();
        config.plugins.push(55).unwrap();
    });
    assert_eq!(desk.engine.slot_plugin(Slot(0)), 55, "the configuration names another one now");
}

#[test]
fn a_plug_in_fires_amends_and_sells_its_own_targets_only() {
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    let exit = ExitPlan { stop_loss_bps: 100, ..desk.target().record.exit };
    for (intent, why) in [
        (Intent::Enter { target: TargetId(99) }, WhyNot::NoTarget),
        (Intent::Enter { target }, WhyNot::NotTriggered),
        (Intent::Exit { target, qty: None }, WhyNot::NotHeld),
        (
            Intent::Amend { target, exit: ExitPlan { stop_loss_bps: 20_000, ..exit } },
            WhyNot::BadPlan,
        ),
    ] {
        desk.wish(intent);
        assert_eq!(declined(&desk.top("0.0330", "0.0333")), [why], "{intent:?}");
    }
    desk.wish(Intent::Amend { target, exit });
    assert!(declined(&desk.top("0.0330", "0.0333")).is_empty());
    assert_eq!(desk.target().record.exit, exit);
    assert_eq!(desk.target().record.slot, Slot(0));
}

#[test]
fn a_proposal_of_a_pair_that_was_not_shown_is_declined() {
    let mut desk = Desk::armed();
    let record = desk.target().record;
    desk.wish(Intent::Propose(model::Proposal {
        account: AccountId(0),
        symbol: SymbolId(7),
        pattern: record.pattern,
        confidence: record.confidence,
        entry: record.entry,
        exit: record.exit,
    }));
    assert_eq!(declined(&desk.top("0.0330", "0.0333")), [WhyNot::NotShown]);
}

#[test]
fn many_changes_at_once_are_shown_few_a_step_and_none_is_left_out() {
    let mut desk = Desk::open_with(|setup| setup.limits(|limits| limits.targets_active_max = 40));
    for id in 100..130 {
        desk.calendar(SymbolId(id), opening());
    }
    desk.watch_changes();
    desk.kill(KillLevel::Reduce);
    let at_once = desk.changes_seen();
    assert_eq!(at_once.len(), 8);
    desk.wait(ms(10));
    let all = desk.changes_seen();
    assert_eq!((all[..8].to_vec(), all.len()), (at_once, 30));
    assert!(all.is_sorted() && all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    desk.wait(ms(100));
    assert_eq!(desk.changes_seen().len(), 30);
}

#[test]
fn a_plug_in_that_answers_every_change_makes_no_steps_of_its_own() {
    let mut desk = Desk::armed();
    desk.watch_changes();
    desk.answer_changes();
    desk.calendar(NEW, opening().after(Span::from_secs(60)));
    let seen = desk.changes_seen().len();
    desk.wait(Span::from_millis(300));
    let after = desk.changes_seen().len();
    assert!(seen >= 1 && after <= seen + 3 * 8, "{seen}, then {after}");
}

fn permit(desk: &Desk) -> Permit {
    desk.target().permit.expect("it is armed").permit
}

/// The token and the permit of the only successor.
fn successor(done: &desk::Done) -> (u64, Permit) {
    let found = done.actions.iter().find_map(|(_, action)| {
        if let Action::Persist { token, record: Record::Successor(permit) } = action {
            Some((*token, *permit))
        } else {
            None
        }
    });
    found.expect("a successor")
}

fn changes(done: &desk::Done) -> Vec<String> {
    let shown = |record: Record| {
        let Record::Plugin(PluginRecord { plugin, change, .. }) = record else { return None };
        Some(if let PluginChange::Took { from, .. } = change {
            format!("took {plugin} from {from}")
        } else if change == PluginChange::Missing {
            format!("{plugin} missing")
        } else {
            format!("{plugin} {change:?}")
        })
    };
    done.records().into_iter().filter_map(shown).collect()
}

fn declined(done: &desk::Done) -> Vec<WhyNot> {
    let why = |(_, action): &(model::Mono, Action)| {
        if let Action::Note(Note::Declined { why, .. }) = action { Some(*why) } else { None }
    };
    done.actions.iter().filter_map(why).collect()
}
