package app.fathi.platform.logging;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/** {@code %request} in a pattern: {@code  requestId=… ws=… operation=…}, as far as they are known. */
public final class RequestFields extends ClassicConverter {
    @Override
    public String convert(ILoggingEvent event) {
        var fields = event.getMDCPropertyMap();
        var text = new StringBuilder();
        for (var name : new String[] {"requestId", "ws", "operation"}) {
            var value = fields.get(name);
            if (value != null) {
                text.append(' ').append(name).append('=').append(value);
            }
        }
        return text.toString();
    }
}
