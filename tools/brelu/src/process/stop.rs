use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Waits for Ctrl-C or a request to terminate; `with_parent` also for the end of standard input, which a parent process
/// holds open for as long as it lives.
pub async fn stopped(with_parent: bool) {
    tokio::select! {
        () = interrupted() => {}
        () = terminated() => {}
        () = orphaned(), if with_parent => {}
    }
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

async fn orphaned() {
    let (alive, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        // Whether it ends or fails makes no difference.
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        drop(alive);
    });
    drop(end.await);
}

/// A flag that the first Ctrl-C raises, after calling `first`; the second one ends the process.
pub fn on_interrupt(handle: &Handle, first: impl FnOnce() + Send + 'static) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = flag.clone();
    handle.spawn(async move {
        interrupted().await;
        raised.store(true, Ordering::Relaxed);
        first();
        interrupted().await;
        std::process::exit(130);
    });
    flag
}
