package app.fathi.tool;

import java.util.Locale;

/** Octets in words. */
final class Sizes {
    private static final String[] UNITS = {"octets", "KiB", "MiB", "GiB", "TiB"};
    private static final int STEP = 1024;

    private Sizes() {}

    static String of(long octets) {
        double size = octets;
        int unit = 0;
        while (size >= STEP && unit < UNITS.length - 1) {
            size /= STEP;
            unit++;
        }
        return unit == 0 ? octets + " octets" : String.format(Locale.ROOT, "%.1f %s", size, UNITS[unit]);
    }
}
