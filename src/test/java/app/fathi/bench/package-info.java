/**
 * Benchmarks: real workloads against a physical limit and a peer, in one run. {@code scripts/bench} runs them; the tests do
 * not, because no name here ends in {@code Test}. What each figure means stands in {@code docs/benchmarks.md}.
 *
 * <p>A benchmark is a {@code main} that starts one {@link app.fathi.bench.Contender} per thing compared, each in a process
 * of its own, lets them take turns round by round, and puts {@link app.fathi.bench.Measure}s into a
 * {@link app.fathi.bench.Report}. To add one: such a class here and a line in {@code scripts/bench}.
 */
package app.fathi.bench;
