//! The grid of jobs: axes × repetitions, enumerated lazily by index.
//!
//! job = repetition·points + point; within a point the first axis is the slowest. The repetition is the slowest of all,
//! so that more repetitions leave the jobs of the first ones as they are, random numbers included.
//!
//! The random streams of a job are keyed by (seed, run). The run is the job's index in the grid without the axes that have
//! common random numbers: along these all jobs have the same, and more of their values change nothing.

use super::spec::Campaign;

/// Most jobs of a campaign: results are kept until the end.
pub const MAX_JOBS: u64 = 1_000_000_000;

/// The shape of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    sizes: Vec<u64>,
    common: Vec<bool>,
    repetitions: u64,
    points: u64,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 0.
    pub repetition: u64,
    /// For each axis the index of its value.
    pub at: Vec<usize>,
    /// The key of its random streams beside the seed.
    pub run: u64,
}

impl Grid {
    /// The grid of a campaign; `None` if it has more than [`MAX_JOBS`] jobs.
    /// `stimuli` are a last axis, if there are any.
    pub fn new(campaign: &Campaign, repetitions: u64, stimuli: Option<u64>) -> Option<Grid> {
        let axes = campaign.axes.iter().map(|a| a.targets.first().map_or(0, |t| t.1.len()) as u64);
        let sizes: Vec<u64> = axes.chain(stimuli).collect();
        let points = sizes.iter().try_fold(1u64, |p, n| p.checked_mul(*n))?;
        points.checked_mul(repetitions).filter(|jobs| *jobs <= MAX_JOBS)?;
        let common = campaign.axes.iter().map(|a| a.common_random).chain(stimuli.map(|_| false)).collect();
        Some(Grid { sizes, common, repetitions, points })
    }
    /// How many points it has, repetitions left aside.
    pub fn points(&self) -> u64 {
        self.points
    }
    /// How many jobs there are.
    pub fn jobs(&self) -> u64 {
        self.points * self.repetitions
    }
    /// The job that stands at a repetition and at these values of the axes.
    pub fn index(&self, place: &Place) -> u64 {
        let point = self.sizes.iter().zip(&place.at).fold(0, |point, (size, at)| point * size + *at as u64);
        place.repetition * self.points + point
    }
    /// Where job `index` stands.
    pub fn place(&self, index: u64) -> Place {
        let points = self.points.max(1);
        let (repetition, mut point) = (index / points, index % points);
        let mut at = vec![0; self.sizes.len()];
        let mut run = 0;
        let mut stride = 1;
        for (k, size) in self.sizes.iter().enumerate().rev() {
            let here = point % size;
            at[k] = here as usize;
            point /= size;
            if !self.common[k] {
                run += here * stride;
                stride *= size;
            }
        }
        run += repetition * stride;
        Place { repetition, at, run }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(sizes: &[u64], common: &[bool], repetitions: u64) -> Grid {
        Grid { sizes: sizes.to_vec(), common: common.to_vec(), repetitions, points: sizes.iter().product() }
    }

    #[test]
    fn every_job_has_its_own_place_and_run() {
        let g = grid(&[2, 3], &[false, false], 2);
        assert_eq!(g.jobs(), 12);
        assert_eq!(g.place(0), Place { repetition: 0, at: vec![0, 0], run: 0 });
        assert_eq!(g.place(5), Place { repetition: 0, at: vec![1, 2], run: 5 });
        assert_eq!(g.place(7), Place { repetition: 1, at: vec![0, 1], run: 7 });
        assert!((0..12).all(|k| g.index(&g.place(k)) == k));
        // More repetitions leave the first ones alone.
        let more = grid(&[2, 3], &[false, false], 9);
        assert!((0..12).all(|k| g.place(k) == more.place(k)));
    }

    #[test]
    fn common_random_numbers_are_those_of_the_first_point() {
        let g = grid(&[2, 3], &[false, true], 2);
        assert_eq!((0..12).map(|k| g.place(k).run).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
        let g = grid(&[2, 3], &[true, true], 2);
        assert_eq!((g.place(5).run, g.place(11).run), (0, 1));
    }
}
