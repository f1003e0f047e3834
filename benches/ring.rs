//! What a push into the journal's ring costs, in a file under the runtime directory and in memory.
//!
//! `polled`: another thread reads and releases meanwhile, as the journal thread does, and so needs
//! a core of its own. `alone`: this thread reads after the clock stopped. Run with
//! `cargo bench -p benches --bench ring`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use benches::Bench;
use journal::ring::{RingFile, RuntimeDir, in_memory};
use journal::{Consumer, Family, Kind, Producer};
use model::Mono;

/// Records of a round. With their heads they are a fraction of the ring, so no push finds it full.
const PASSES: usize = 2_000;
const RING_BYTES: usize = 4 << 20;

fn main() {
    let dir = Folder::make();
    let mut bench = Bench::default();
    for bytes in [128, 250] {
        bench = bench
            .group(format!("push of {bytes} B"))
            .timed("file, alone", PASSES, alone(dir.ring(), bytes))
            .timed("memory, alone", PASSES, alone(memory(), bytes))
            .timed("file, polled", PASSES, polled(dir.ring(), bytes))
            .timed("memory, polled", PASSES, polled(memory(), bytes));
    }
    bench.main();
}

/// Both ends of a ring, and what must be held as long as they are.
type Ring<L> = (Producer, Consumer, L);

fn memory() -> Ring<()> {
    let (producer, consumer) = in_memory(RING_BYTES, 1).expect("memory for a ring");
    (producer, consumer, ())
}

fn alone<L>((mut producer, mut consumer, lock): Ring<L>, bytes: usize) -> impl FnMut(usize) -> f64 {
    let payload = vec![0x5a; bytes];
    move |passes| {
        let nanos = push(&mut producer, &payload, passes);
        drain(&mut consumer);
        let _ = &lock;
        nanos
    }
}

fn polled<L>((mut producer, consumer, lock): Ring<L>, bytes: usize) -> impl FnMut(usize) -> f64 {
    let payload = vec![0x5a; bytes];
    let poller = Poller::start(consumer);
    move |passes| {
        poller.awake.store(true, Ordering::Release);
        let nanos = push(&mut producer, &payload, passes);
        while producer.fill().0 > 0 {
            std::thread::yield_now();
        }
        poller.awake.store(false, Ordering::Release);
        let _ = &lock;
        nanos
    }
}

/// Nanoseconds of `passes` pushes.
fn push(producer: &mut Producer, payload: &[u8], passes: usize) -> f64 {
    let start = Instant::now();
    for at in 0..passes {
        let at = Mono::from_nanos(at as u64);
        let pushed = producer.push(Family::Market, Kind::INPUT, at, payload);
        assert!(pushed.is_ok(), "{pushed:?}");
    }
    start.elapsed().as_nanos() as f64
}

fn drain(consumer: &mut Consumer) {
    while consumer.read().expect("what was pushed").is_some() {}
    consumer.release();
}

/// A thread that reads a ring while its case runs, and sleeps while others do.
struct Poller {
    awake: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Poller {
    fn start(mut consumer: Consumer) -> Self {
        let (awake, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (is_awake, is_over) = (Arc::clone(&awake), Arc::clone(&over));
        let work = move || {
            while !is_over.load(Ordering::Acquire) {
                drain(&mut consumer);
                if !is_awake.load(Ordering::Acquire) {
                    std::thread::sleep(std::time::Duration::from_micros(50));
                }
            }
        };
        Self { awake, over, thread: Some(std::thread::spawn(work)) }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the reader found every record sound");
        }
    }
}

/// A folder of this run under the runtime directory, gone when it ends.
struct Folder {
    path: PathBuf,
    instances: AtomicUsize,
}

impl Folder {
    fn make() -> Self {
        let above = RuntimeDir::find().expect("a runtime directory");
        let path = above.path.join(format!("bench-{}", std::process::id()));
        let dir = RuntimeDir::prepare(&path).expect("a folder in the runtime directory");
        Self { path: dir.path, instances: AtomicUsize::new(1) }
    }

    fn ring(&self) -> Ring<impl Sized + use<>> {
        let instance = self.instances.fetch_add(1, Ordering::Relaxed) as u32;
        let file = RingFile::open(&self.path, instance).expect("a file in our own folder");
        let ring = file.start(RING_BYTES, 1, 1).expect("blocks for a ring");
        (ring.producer, ring.consumer, ring.lock)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in memory and small; a benchmark does not fail on it.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
