package app.fathi.templates;

import java.util.Locale;
import java.util.Set;

/**
 * Where notifications are shown, and what of one is shown there. What a platform ignores is what is widely
 * known of it; lengths are those at which its usual view ends in the width of Latin letters, which differ by letters and by
 * what the person has set.
 */
enum Platform {
    CHROME_WINDOWS("Chrome on Windows", 60, 130, 2, Set.of("badge", "vibrate")),
    CHROME_ANDROID("Chrome on Android", 50, 240, 2, Set.of("requireInteraction")),
    CHROME_MACOS("Chrome on macOS", 40, 110, 2, Set.of("badge", "image", "vibrate")),
    FIREFOX("Firefox on Windows", 60, 130, 0, Set.of("actions", "badge", "image", "renotify", "timestamp", "vibrate")),
    SAFARI(
            "Safari on macOS",
            40,
            110,
            0,
            Set.of("actions", "badge", "icon", "image", "renotify", "requireInteraction", "timestamp", "vibrate"));

    final String title;
    /** Of the title. */
    final int titleWidth;

    final int bodyWidth;
    /** Buttons that are shown. */
    final int buttons;
    /** Fields of the content that change nothing there. */
    final Set<String> ignored;

    Platform(String title, int titleWidth, int bodyWidth, int buttons, Set<String> ignored) {
        this.title = title;
        this.titleWidth = titleWidth;
        this.bodyWidth = bodyWidth;
        this.buttons = buttons;
        this.ignored = ignored;
    }

    /** As the contract writes it, for example {@code chrome-windows}. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean shows(String field) {
        return !ignored.contains(field);
    }
}
