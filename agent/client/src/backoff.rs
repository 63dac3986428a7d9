//! Growing pauses between attempts, with jitter so that many clients do not return in step.

use std::time::Duration;

/// Exponential back-off: each pause is drawn from the upper half of a window that doubles until `limit`.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    limit: Duration,
    attempt: u32,
}

impl Backoff {
    /// Pauses that start around `first` and never exceed `limit`.
    pub fn new(first: Duration, limit: Duration) -> Self {
        Self { first, limit, attempt: 0 }
    }

    /// The next pause. At least `at_least` (a server's `Retry-After`) when that is given.
    pub fn next(&mut self, at_least: Option<Duration>) -> Duration {
        let pause = self.pause(fraction());
        self.attempt = self.attempt.saturating_add(1);
        at_least.map_or(pause, |wished| pause.max(wished))
    }

    /// Starts again from the first pause, after a success.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The pause for a random `fraction` in 0.0..1.0.
    fn pause(&self, fraction: f64) -> Duration {
        let window = self.first.saturating_mul(1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX));
        let window = window.min(self.limit);
        window / 2 + (window / 2).mul_f64(fraction)
    }
}

impl Default for Backoff {
    /// 100 ms doubling to 10 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }
}

/// A number in 0.0..1.0. Where the system has no randomness the pauses merely lose their jitter.
fn fraction() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for window in [100, 200, 400, 800, 1000, 1000] {
            let window = Duration::from_millis(window);
            let pause = backoff.next(None);
            assert!(pause >= window / 2 && pause <= window, "{pause:?} outside {window:?}");
        }
        for _ in 0..40 {
            assert!(backoff.next(None) <= Duration::from_secs(1));
        }
        backoff.reset();
        assert!(backoff.next(None) <= Duration::from_millis(100));
    }

    #[test]
    fn the_servers_wish_is_a_lower_bound() {
        assert_eq!(Backoff::default().next(Some(Duration::from_secs(7))), Duration::from_secs(7));
    }
}
