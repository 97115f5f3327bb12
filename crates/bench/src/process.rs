//! CPU time and memory of this process, where the system tells them in `/proc`.

/// Ticks in a second of the times in `/proc`: a constant of Linux's interface, not the kernel's own rate.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time spent so far in user and kernel mode, by all threads, in s; `None` where there is no `/proc`.
pub fn cpu_s() -> Option<f64> {
    cpu_of(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// The most memory that was resident since [`forget_peak`], in MB (10^6 bytes).
pub fn peak_mb() -> Option<f64> {
    peak_of(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Lets the peak of memory be what is resident now.
pub fn forget_peak() {
    // Where it is not allowed the peak is that of the whole process, which is what is there to tell.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn cpu_of(stat: &str) -> Option<f64> {
    // The program's name may hold spaces and parentheses; what follows it does not.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks = rest.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

fn peak_of(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib as f64 * 1_024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_behind_a_name_with_parentheses() {
        let stat = "17 (a) (b c)) S 1 17 17 0 -1 4194304 100 0 0 0 250 31 7 8 20 0 3 0 99 0";
        assert_eq!(cpu_of(stat), Some(2.81));
        assert_eq!(cpu_of(""), None);
    }

    #[test]
    fn memory_is_in_millions_of_bytes() {
        let status = "VmPeak:\t 9000 kB\nVmHWM:\t    1000 kB\nVmRSS:\t 500 kB\n";
        assert_eq!(peak_of(status), Some(1.024));
        assert_eq!(peak_of("VmRSS:\t 500 kB\n"), None);
    }
}
