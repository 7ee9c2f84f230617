package app.fathi.templates;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Text as it is drawn: measured in the width of Latin letters, and never parted inside what is seen as one letter. */
final class Letters {
    private static final String REST = "…";

    private Letters() {}

    /** The text up to that width, with an ellipsis where something is missing. */
    static String cut(String text, int width) {
        if (width(text) <= width) {
            return text;
        }
        var kept = new StringBuilder();
        int used = 1;
        for (var letter : letters(text)) {
            used += width(letter);
            if (used > width) {
                break;
            }
            kept.append(letter);
        }
        return kept.toString().stripTrailing() + REST;
    }

    /** Lines of at most that width, broken between words where that is possible. */
    static List<String> lines(String text, int width, int most) {
        var lines = new ArrayList<String>();
        for (var paragraph : text.split("\\R", -1)) {
            wrap(paragraph, width, lines);
        }
        return lines.size() <= most ? lines : shortened(lines, width, most);
    }

    private static List<String> shortened(List<String> lines, int width, int most) {
        var kept = new ArrayList<>(lines.subList(0, most));
        var last = kept.removeLast();
        kept.add(width(last) < width ? last + REST : cut(last + REST + REST, width));
        return kept;
    }

    private static void wrap(String paragraph, int width, List<String> lines) {
        var words = BreakIterator.getLineInstance(Locale.ROOT);
        words.setText(paragraph);
        var line = new StringBuilder();
        int from = words.first();
        for (int to = words.next(); to != BreakIterator.DONE; from = to, to = words.next()) {
            var word = paragraph.substring(from, to);
            if (width(line + word.stripTrailing()) > width && !line.isEmpty()) {
                lines.add(line.toString().stripTrailing());
                line.setLength(0);
            }
            for (var letter : letters(word)) {
                if (width(line + letter) > width && !line.isEmpty() && !letter.isBlank()) {
                    lines.add(line.toString().stripTrailing());
                    line.setLength(0);
                }
                line.append(letter);
            }
        }
        lines.add(line.toString().stripTrailing());
    }

    /** What is seen as one letter each, such as a family of emoji. */
    static List<String> letters(String text) {
        var graphemes = BreakIterator.getCharacterInstance(Locale.ROOT);
        graphemes.setText(text);
        var letters = new ArrayList<String>();
        int from = graphemes.first();
        for (int to = graphemes.next(); to != BreakIterator.DONE; from = to, to = graphemes.next()) {
            letters.add(text.substring(from, to));
        }
        return letters;
    }

    static int width(String text) {
        return letters(text).stream().mapToInt(Letters::letterWidth).sum();
    }

    private static int letterWidth(String letter) {
        int point = letter.codePointAt(0);
        boolean wide = point >= 0x1100 && point <= 0x115F
                || point >= 0x2E80 && point <= 0xA4CF
                || point >= 0xAC00 && point <= 0xD7A3
                || point >= 0xF900 && point <= 0xFAFF
                || point >= 0xFF00 && point <= 0xFF60
                || Character.isEmojiPresentation(point)
                || point >= 0x20000;
        return wide ? 2 : 1;
    }
}
