//! Many transients of one circuit in one process of ngspice: sources are altered, the transient is run, spikes are
//! measured.

// Each of the programs that include this file uses a part of it.
#![allow(dead_code)]

use std::fmt::Write;

/// Most spikes of a transient that are looked for.
const MOST: usize = 6;

/// How ngspice runs a circuit.
#[derive(Debug, Clone)]
pub struct Session {
    /// Element and model cards.
    pub cards: String,
    pub reltol: f64,
    /// Largest step, s.
    pub limit: f64,
    /// End of the transient, s.
    pub end: f64,
    /// The node that spikes, and the level through which it rises.
    pub spikes: (String, f64),
}

/// What some sources play: the element, and a PWL's times and values.
pub type Stimulus = Vec<(String, Vec<f64>)>;

impl Session {
    /// The deck of these stimuli. Without `measure` nothing but the transients is done.
    ///
    /// `xtrtol`: with XSPICE's elements ngspice would take sevenfold care of truncation errors, and more steps.
    pub fn deck(&self, stimuli: &[Stimulus], measure: bool) -> String {
        let (node, level) = &self.spikes;
        let mut out = format!(
            "neurospice's twin\n{}.options reltol={:e} noinit noacct\n.save v({node})\n\
             .control\nset numdgt=12\nset xtrtol=7\n",
            self.cards, self.reltol
        );
        for (k, stimulus) in stimuli.iter().enumerate() {
            for (element, points) in stimulus {
                let points: Vec<String> = points.iter().map(|x| format!("{x:e}")).collect();
                let _ = writeln!(out, "alter @{element}[pwl] = [ {} ]", points.join(" "));
            }
            let _ = writeln!(out, "tran {:e} {:e} 0 {:e}", self.limit, self.end, self.limit);
            if measure {
                let _ = writeln!(out, "let points = length(time)\nlet last = time[points - 1]");
                let _ = writeln!(out, "echo stimulus {k} $&points $&last");
                for n in 1..=MOST {
                    let _ = writeln!(out, "meas tran s{n} when v({node})={level:e} rise={n}");
                }
            }
            out += "destroy all\n";
        }
        out + "quit\n.endc\n.end\n"
    }

    /// What ngspice said about a deck with measurements: for each stimulus its points and spikes.
    pub fn read(&self, said: &str, stimuli: usize) -> Result<Vec<(usize, Vec<f64>)>, String> {
        let mut all: Vec<(usize, Vec<f64>)> = Vec::new();
        for line in said.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["stimulus", _, points, last] => {
                    let number = |w: &str| w.parse::<f64>().map_err(|_| format!("ngspice says '{line}'"));
                    let last = number(last)?;
                    if last < self.end * (1.0 - 1e-9) {
                        return Err(format!("ngspice ended stimulus {} at {last} s", all.len()));
                    }
                    all.push((number(points)? as usize, Vec::new()));
                }
                [name, "=", value] if name.starts_with('s') => {
                    if let (Some((_, spikes)), Ok(t)) = (all.last_mut(), value.parse()) {
                        spikes.push(t);
                    }
                }
                _ => {}
            }
        }
        if all.len() != stimuli {
            return Err(format!("ngspice did {} of {stimuli} stimuli", all.len()));
        }
        match all.iter().position(|(_, s)| s.len() >= MOST) {
            Some(k) => Err(format!("stimulus {k} has {MOST} spikes or more")),
            None => Ok(all),
        }
    }
}
