package app.fathi.platform.logging;

import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;

/** Has the place for {@link LogContext} reserved before a Vert.x instance exists: later it would be refused. */
public final class LogContextProvider implements VertxServiceProvider {
    @Override
    public void init(VertxBootstrap bootstrap) {
        LogContext.current();
    }
}
