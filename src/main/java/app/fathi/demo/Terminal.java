package app.fathi.demo;

import java.io.PrintStream;
import java.util.concurrent.TimeUnit;

/** What the demo shows: lines that stay, and under them one that moves. In a file or a pipe that one is told now and then. */
final class Terminal {
    private static final String ERASE = "\r\033[2K";
    private static final long PIPED_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final PrintStream out;
    private final boolean live;
    private final boolean colours;
    private String moving = "";
    private long toldNanos = System.nanoTime() - PIPED_NANOS;

    /** @param live somebody looks at it: a line may be drawn again */
    Terminal(PrintStream out, boolean live, boolean colours) {
        this.out = out;
        this.live = live;
        this.colours = live && colours;
    }

    synchronized void line(String text) {
        if (live && !moving.isEmpty()) {
            out.print(ERASE);
        }
        out.println(text);
        if (live) {
            out.print(moving);
        }
        out.flush();
    }

    /** Shorter than a terminal is wide: what wraps cannot be drawn again. */
    synchronized void moving(String text) {
        moving = text;
        if (live) {
            out.print(ERASE + text);
            out.flush();
        } else if (System.nanoTime() - toldNanos >= PIPED_NANOS) {
            toldNanos = System.nanoTime();
            line(text);
        }
    }

    /** The moving line stays as it last was. */
    synchronized void stay() {
        if (live) {
            out.println();
        } else {
            line(moving);
        }
        moving = "";
        out.flush();
    }

    String strong(String text) {
        return colours ? "\033[1m" + text + "\033[0m" : text;
    }

    String quiet(String text) {
        return colours ? "\033[2m" + text + "\033[0m" : text;
    }

    String good(String text) {
        return colours ? "\033[32m" + text + "\033[0m" : text;
    }
}
