//! What the slots make of plug-ins, good and bad: a plug-in here is a puppet that answers as it is
//! told and keeps what it was shown.

mod slots {
    mod faults;
    mod house;
    mod parameters;
    mod rules;
    mod scenes;
    mod shadows;
    mod swaps;
    mod timers;
}
