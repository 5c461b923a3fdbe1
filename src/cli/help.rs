//! What `neurospice --help` says below the commands, in the order of a man page.

pub(super) const LONG_HELP: &str = "SYNOPSIS
  neurospice run FILE [-o OUT.raw|.csv|.parquet|.psf|.vcd] [--decimate TOL]
                 [--plot FIG.svg|.png] [--set NAME=VALUE]… [--seed N] [--runs N] [--jobs N]
  neurospice check FILE
  neurospice devices [NAME] [--json | --markdown]
  neurospice campaign FILE.toml -o DIR
  neurospice campaign FILE.toml --export-spectre DIR [--at NAME=VALUE]…
  neurospice campaign merge DIR… -o DIR
  neurospice calibrate SPEC.toml -o CARD
  neurospice information SPIKES.csv|.parquet
  neurospice compare RESULT|FILE REFERENCE [--ttol T] [-o OUT.html] [--distributions]
  neurospice measure RESULT|FILE MEASUREMENT…
  neurospice plot RESULT -o FIG.svg|.png [--family | --raster | --eye T | --x SIGNAL]
  neurospice view RESULT|FILE… [-o PAGE.html] [--compare]
  neurospice -b FILE… [-r RAW] [-o LOG] [-D name=value]…
  neurospice -s < FILE

DESCRIPTION
  A netlist is what ngspice reads; what LTspice and Xyce write otherwise is taken where it is
  clear, and --dialect chooses where one spelling has two meanings. Every analysis is done in the
  order of its card; without -o and --plot a summary is printed and nothing is written. A file
  gets its name only when it is whole. Everything random follows from --seed: the same netlist
  and seed give the same bits on every machine, for any number of threads.

  -b and -s do as ngspice does, for programs that call it by its path (xschem, spicelib, PySpice).

FILES
  OUT.raw            all results, as ngspice writes them
  OUT.csv, .parquet  the results of one analysis
  OUT.psf            a folder: PSF files with an index, as Spectre leaves them
  OUT.vcd            the edges of a transient
  OUT.PID.partial    what a failed run had computed
  DIR/STEM.journal   what a campaign has done: the same command goes on from there

ENVIRONMENT
  NO_COLOR, TERM=dumb   no colours

EXIT CODES
  0     done
  1     the simulation failed, or its output could not be written; compare: outside tolerance,
        or distributions that differ
  2     the input is wrong
  130   stopped by Ctrl-C, with what was computed in the files; a second one ends it at once

EXAMPLES
  neurospice run netlists/lif_neuron.cir --plot lif.svg -s 'v(mem)' 'v(out)'
  neurospice run filter.cir -o filter.csv --set r=2k --runs 100 --seed 7
  neurospice check amplifier.cir
  neurospice devices memristor
  neurospice -b amplifier.cir -r amplifier.raw -o amplifier.log

SEE ALSO
  The manual, docs/manual/README.md; `neurospice help COMMAND`.";
