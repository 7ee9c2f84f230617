package app.fathi.platform.logging;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.classic.spi.ThrowableProxy;

/** The stack of something that was thrown, whose texts are those of {@link Thrown}. */
final class StackConverter extends ThrowableProxyConverter {
    @Override
    protected String throwableProxyToString(IThrowableProxy thrown) {
        return super.throwableProxyToString(new Told(thrown));
    }

    private record Told(IThrowableProxy thrown) implements IThrowableProxy {
        @Override
        public String getMessage() {
            return thrown instanceof ThrowableProxy proxy ? Thrown.textOf(proxy.getThrowable()) : null;
        }

        @Override
        public String getOverridingMessage() {
            return null;
        }

        @Override
        public String getClassName() {
            return thrown.getClassName();
        }

        @Override
        public StackTraceElementProxy[] getStackTraceElementProxyArray() {
            return thrown.getStackTraceElementProxyArray();
        }

        @Override
        public int getCommonFrames() {
            return thrown.getCommonFrames();
        }

        @Override
        public IThrowableProxy getCause() {
            return thrown.getCause() == null ? null : new Told(thrown.getCause());
        }

        @Override
        public IThrowableProxy[] getSuppressed() {
            var suppressed = thrown.getSuppressed();
            var told = new IThrowableProxy[suppressed == null ? 0 : suppressed.length];
            for (int i = 0; i < told.length; i++) {
                told[i] = new Told(suppressed[i]);
            }
            return told;
        }

        @Override
        public boolean isCyclic() {
            return thrown.isCyclic();
        }
    }
}
