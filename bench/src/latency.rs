//! How long single requests took, and the quantiles of that. Nothing here knows what was measured.

use std::time::Duration;

/// Samples of one scenario, kept whole: at most some hundred thousand numbers, so no histogram is needed.
#[derive(Debug, Default, Clone)]
pub struct Latencies {
    micros: Vec<u32>,
}

impl Latencies {
    /// Adds one sample, in whole microseconds; more than 71 minutes counts as 71 minutes.
    pub fn record(&mut self, taken: Duration) {
        self.micros.push(u32::try_from(taken.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes over the samples of another caller.
    pub fn absorb(&mut self, other: Self) {
        self.micros.extend(other.micros);
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.micros.len()
    }

    /// The nearest-rank quantiles asked for, in milliseconds; zero when nothing was recorded.
    pub fn quantiles<const N: usize>(mut self, wanted: [f64; N]) -> [f64; N] {
        self.micros.sort_unstable();
        wanted.map(|share| match self.micros.len() {
            0 => 0.0,
            count => f64::from(self.micros[rank(share, count)]) / 1000.0,
        })
    }
}

/// Index of the nearest-rank quantile: the smallest sample that at least `share` of all samples do not exceed.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sample counts are far below 2^52 and the product lies between 0 and the count"
)]
fn rank(share: f64, count: usize) -> usize {
    ((share * count as f64).ceil() as usize).clamp(1, count) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples_not_interpolations() {
        let mut latencies = Latencies::default();
        for millis in (1..=100).rev() {
            latencies.record(Duration::from_millis(millis));
        }
        assert_eq!(
            latencies.quantiles([0.5, 0.99, 1.0]).map(f64::to_bits),
            [50.0, 99.0, 100.0].map(f64::to_bits)
        );
    }

    #[test]
    fn no_samples_give_zero() {
        let [median] = Latencies::default().quantiles([0.5]);
        assert!(median.abs() < f64::EPSILON);
    }

    #[test]
    fn absorbing_counts_both() {
        let mut one = Latencies::default();
        one.record(Duration::from_millis(1));
        one.absorb(one.clone());
        assert_eq!(one.len(), 2);
    }
}
