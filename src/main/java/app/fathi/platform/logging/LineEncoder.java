package app.fathi.platform.logging;

import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import net.logstash.logback.encoder.LogstashEncoder;
import net.logstash.logback.fieldnames.LogstashFieldNames;

/** One event as a line of text in the given pattern, or as a line of JSON. */
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
        var text = new PatternLayoutEncoder();
        text.setPattern(pattern);
        return text;
    }

    private static Encoder<ILoggingEvent> json() {
        var names = new LogstashFieldNames();
        names.setTimestamp("time");
        names.setStackTrace("stack");
        names.setVersion(null);
        names.setLevelValue(null);
        var json = new LogstashEncoder();
        json.setFieldNames(names);
        json.setTimeZone("UTC");
        json.setIncludeContext(false);
        return json;
    }
}
