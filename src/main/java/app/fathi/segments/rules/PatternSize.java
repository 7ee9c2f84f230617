package app.fathi.segments.rules;

import java.util.ArrayDeque;

/**
 * How large a pattern's program will be, before it is made: repetitions in repetitions multiply, so {@code (a{1000}){1000}}
 * would be a million steps for ten characters. An estimate from above for patterns that are well formed; what is not is
 * refused by the compiler.
 */
final class PatternSize {
    /** A program of so many steps looks at ten thousand characters in some hundred milliseconds at most. */
    static final long LIMIT = 2_000;

    private static final long TOO_MUCH = Long.MAX_VALUE / 4;

    private final String pattern;
    private int at;

    private PatternSize(String pattern) {
        this.pattern = pattern;
    }

    static boolean isTooLarge(String pattern) {
        return new PatternSize(pattern).whole() > LIMIT;
    }

    /** A group is as large as what is in it, which the repetition behind it multiplies. */
    private long whole() {
        var open = new ArrayDeque<Long>();
        long sum = 0;
        long last = 0;
        while (at < pattern.length()) {
            char c = pattern.charAt(at++);
            switch (c) {
                case '(' -> {
                    open.push(sum);
                    sum = 0;
                    last = 0;
                }
                case ')' -> {
                    last = sum + 2;
                    sum = open.isEmpty() ? last : Math.min(TOO_MUCH, open.pop() + last);
                }
                case '{' -> {
                    long times = Math.max(1, times());
                    long more = Math.min(TOO_MUCH, last * times) - last;
                    sum = Math.min(TOO_MUCH, sum + more);
                    last += more;
                }
                case '[' -> {
                    skipClass();
                    last = 1;
                    sum++;
                }
                case '\\' -> {
                    skipEscape();
                    last = 1;
                    sum++;
                }
                default -> {
                    last = c == '*' || c == '+' || c == '?' ? last + 1 : 1;
                    sum++;
                }
            }
            if (last > LIMIT * LIMIT || sum > LIMIT * LIMIT) {
                return TOO_MUCH;
            }
        }
        return sum;
    }

    /** The larger number of a repetition; 1 where it is none, and a brace is a brace. */
    private long times() {
        int end = pattern.indexOf('}', at);
        if (end < 0 || !pattern.substring(at, end).matches("\\d{1,9}(,\\d{0,9})?")) {
            return 1;
        }
        var bounds = pattern.substring(at, end).split(",", -1);
        at = end + 1;
        long low = Long.parseLong(bounds[0]);
        return bounds.length == 1 ? low : bounds[1].isEmpty() ? low + 1 : Math.max(low, Long.parseLong(bounds[1]));
    }

    /** A bracket that comes first belongs to the class. */
    private void skipClass() {
        at += at < pattern.length() && pattern.charAt(at) == '^' ? 2 : 1;
        while (at < pattern.length() && pattern.charAt(at) != ']') {
            at += pattern.charAt(at) == '\\' ? 2 : 1;
        }
        at++;
    }

    /** Within {@code \\Q} and {@code \\E} nothing repeats. */
    private void skipEscape() {
        if (at < pattern.length() && pattern.charAt(at) == 'Q') {
            int end = pattern.indexOf("\\E", at);
            at = end < 0 ? pattern.length() : end + 2;
        } else {
            at++;
        }
    }
}
