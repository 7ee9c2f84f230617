package app.fathi.platform.logging;

import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import java.util.List;
import net.logstash.logback.encoder.LogstashEncoder;
import net.logstash.logback.fieldnames.LogstashFieldNames;

/** One event as a line of text in the given pattern, or as a line of JSON. What was thrown is told as {@link Thrown} allows. */
public final class LineEncoder extends EncoderBase<ILoggingEvent> {
    private String format = "text";
    private String pattern;
    private Encoder<ILoggingEvent> encoder;

    /** {@code text} or {@code json}. */
    public void setFormat(String format) {
        this.format = format;
    }

    /** Of text lines, in Logback's language. */
    public void setPattern(String pattern) {
        this.pattern = pattern;
    }

    @Override
    public void start() {
        encoder = format.equals("json") ? json() : text();
        encoder.setContext(context);
        encoder.start();
        super.start();
    }

    @Override
    public void stop() {
        super.stop();
        encoder.stop();
    }

    @Override
    public byte[] headerBytes() {
        return encoder.headerBytes();
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        return encoder.encode(event);
    }

    @Override
    public byte[] footerBytes() {
        return encoder.footerBytes();
    }

    private Encoder<ILoggingEvent> text() {
        var lines = new PatternLayout();
        for (var word : List.of("ex", "exception", "throwable")) {
            lines.getInstanceConverterMap().put(word, StackConverter::new);
        }
        lines.setContext(context);
        lines.setPattern(pattern);
        lines.start();
        var text = new LayoutWrappingEncoder<ILoggingEvent>();
        text.setLayout(lines);
        return text;
    }

    private static Encoder<ILoggingEvent> json() {
        var names = new LogstashFieldNames();
        names.setTimestamp("time");
        names.setStackTrace("stack");
        names.setVersion(null);
        names.setLevelValue(null);
        var stack = new StackConverter();
        stack.start();
        var json = new LogstashEncoder();
        json.setFieldNames(names);
        json.setTimeZone("UTC");
        json.setIncludeContext(false);
        json.setThrowableConverter(stack);
        return json;
    }
}
