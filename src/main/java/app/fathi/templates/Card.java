package app.fathi.templates;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * A notification as one platform shows it: what is cut, what is ignored, and a drawing. Pictures stand in it as frames: the
 * drawing loads nothing from anywhere.
 */
final class Card {
    private static final int WIDTH = 400;
    private static final int PADDING = 16;
    private static final int ICON = 48;
    private static final int LINE = 20;
    private static final int BUTTON = 36;
    /** Of the frame for a large picture, 2:1. */
    private static final int PICTURE = (WIDTH - 2 * PADDING) / 2;
    /** Latin letters of 14 pixels that fit beside the icon. */
    private static final int LETTERS = 40;

    private static final int LETTERS_WITHOUT_ICON = 48;

    private final Platform platform;
    private final JsonObject content;
    private final boolean rightToLeft;
    private final String title;
    private final String body;
    private final List<String> buttons = new ArrayList<>();

    /** @param content rendered */
    Card(Platform platform, JsonObject content) {
        this.platform = platform;
        this.content = content;
        this.title = Letters.cut(content.getString("title", ""), platform.titleWidth);
        this.body = Letters.cut(content.getString("body", ""), platform.bodyWidth);
        this.rightToLeft = isRightToLeft(content);
        if (platform.shows("actions")) {
            content.getJsonArray("actions", new JsonArray()).stream()
                    .limit(platform.buttons)
                    .forEach(action -> buttons.add(((JsonObject) action).getString("title")));
        }
    }

    /** As browsers decide it: as the content says, else by its first letter that has a direction. */
    private static boolean isRightToLeft(JsonObject content) {
        return switch (content.getString("dir", "auto")) {
            case "rtl" -> true;
            case "ltr" -> false;
            default ->
                (content.getString("title", "") + content.getString("body", ""))
                        .codePoints()
                        .mapToObj(Character::getDirectionality)
                        .filter(direction -> direction == Character.DIRECTIONALITY_LEFT_TO_RIGHT
                                || direction == Character.DIRECTIONALITY_RIGHT_TO_LEFT
                                || direction == Character.DIRECTIONALITY_RIGHT_TO_LEFT_ARABIC)
                        .findFirst()
                        .map(direction -> direction != Character.DIRECTIONALITY_LEFT_TO_RIGHT)
                        .orElse(false);
        };
    }

    /** Fields that say something and change nothing there. */
    List<String> ignored() {
        return platform.ignored.stream().filter(this::says).sorted().toList();
    }

    private boolean says(String field) {
        return switch (content.getValue(field)) {
            case null -> false;
            case Boolean truth -> truth;
            case JsonArray list -> !list.isEmpty();
            default -> true;
        };
    }

    /** Fields of which a part is not shown. */
    List<String> cut() {
        var cut = new ArrayList<String>();
        if (!title.equals(content.getString("title", ""))) {
            cut.add("title");
        }
        if (!body.equals(content.getString("body", ""))) {
            cut.add("body");
        }
        if (platform.shows("actions")
                && content.getJsonArray("actions", new JsonArray()).size() > buttons.size()) {
            cut.add("actions");
        }
        return cut;
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("platform", platform.word())
                .put("title", title)
                .put("body", body)
                .put("actions", new JsonArray(buttons))
                .put("cut", new JsonArray(cut()))
                .put("ignored", new JsonArray(ignored()))
                .put("svg", svg());
    }

    // --- the drawing ----------------------------------------------------------------------------------------------

    private String svg() {
        boolean icon = platform.shows("icon") && says("icon");
        int letters = icon ? LETTERS : LETTERS_WITHOUT_ICON;
        var titles = Letters.lines(title, letters - 4, 2);
        var bodies = body.isEmpty() ? List.<String>of() : Letters.lines(body, letters, 8);
        int textTop = PADDING + LINE + 14;
        int textBottom = textTop + (titles.size() + bodies.size()) * LINE;
        int bottom = Math.max(textBottom, icon ? textTop + ICON : 0);
        var drawn = new StringBuilder();
        text(drawn, platform.title, PADDING + 10, 11, "#5f6368", "normal");
        int y = textTop;
        for (var line : titles) {
            text(drawn, line, y + 4, 15, "#202124", "600");
            y += LINE;
        }
        for (var line : bodies) {
            text(drawn, line, y + 4, 14, "#3c4043", "normal");
            y += LINE;
        }
        if (icon) {
            frame(drawn, rightToLeft ? PADDING : WIDTH - PADDING - ICON, textTop - 10, ICON, ICON, "icon");
        }
        if (platform.shows("image") && says("image")) {
            frame(drawn, PADDING, bottom, WIDTH - 2 * PADDING, PICTURE, "image");
            bottom += PICTURE + PADDING / 2;
        }
        if (!buttons.isEmpty()) {
            buttons(drawn, bottom);
            bottom += BUTTON;
        }
        int height = bottom + PADDING;
        return """
                <svg xmlns="http://www.w3.org/2000/svg" width="%1$d" height="%2$d" viewBox="0 0 %1$d %2$d" role="img" \
                font-family="system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Color Emoji', sans-serif">\
                <title>%3$s</title>\
                <rect x="0.5" y="0.5" width="%4$d" height="%5$d" rx="10" fill="#ffffff" stroke="#dadce0"/>%6$s</svg>"""
                .formatted(
                        WIDTH, height, escape(platform.title + ": " + title), WIDTH - 1, height - 1, drawn.toString());
    }

    /** A line from where reading begins; the icon stands where lines end. */
    private void text(StringBuilder drawn, String line, int y, int size, String color, String weight) {
        int x = rightToLeft ? WIDTH - PADDING : PADDING;
        drawn.append(
                "<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"%s\" font-weight=\"%s\" direction=\"%s\" unicode-bidi=\"isolate\" text-anchor=\"start\">%s</text>"
                        .formatted(x, y, size, color, weight, rightToLeft ? "rtl" : "ltr", escape(line)));
    }

    private static void frame(StringBuilder drawn, int x, int y, int width, int height, String what) {
        drawn.append(("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#e8eaed\"/>"
                        + "<text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"#5f6368\" text-anchor=\"middle\">%s</text>")
                .formatted(x, y, width, height, x + width / 2, y + height / 2 + 4, what));
    }

    private void buttons(StringBuilder drawn, int y) {
        int width = (WIDTH - 2 * PADDING - 8 * (buttons.size() - 1)) / buttons.size();
        for (int i = 0; i < buttons.size(); i++) {
            int place = rightToLeft ? buttons.size() - 1 - i : i;
            int x = PADDING + place * (width + 8);
            drawn.append(("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"28\" rx=\"6\" fill=\"#f1f3f4\"/>"
                            + "<text x=\"%d\" y=\"%d\" font-size=\"13\" fill=\"#1a73e8\" text-anchor=\"middle\" unicode-bidi=\"plaintext\">%s</text>")
                    .formatted(x, y + 4, width, x + width / 2, y + 22, escape(Letters.cut(buttons.get(i), width / 8))));
        }
    }

    /** What XML 1.0 has no room for is left out. */
    private static String escape(String text) {
        var escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(point -> {
            switch (point) {
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '&' -> escaped.append("&amp;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> {
                    if (point >= 0x20 && point <= 0xD7FF || point >= 0xE000 && point <= 0xFFFD || point > 0xFFFF) {
                        escaped.appendCodePoint(point);
                    }
                }
            }
        });
        return escaped.toString();
    }
}
