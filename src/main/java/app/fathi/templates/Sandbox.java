package app.fathi.templates;

import app.fathi.platform.config.Config;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import liqp.RenderTransformer;
import liqp.Template;
import liqp.TemplateContext;
import liqp.TemplateParser;
import liqp.filters.Filters;
import liqp.nodes.LNode;
import liqp.parser.Flavor;
import liqp.tags.Tag;

/** Parses and renders Liquid for one thread: a parsed template is not thread-safe, so each thread has its own. */
final class Sandbox {
    /** Lists and maps inside each other. */
    static final int DEPTH_LIMIT = 32;

    /** Texts that are kept parsed, least recently used out first: some tens of KB each. */
    private static final int TEMPLATES_KEPT = 256;

    /** Where the parser could not go on; its words name tokens that no author has heard of. */
    private static final Pattern PLACE =
            Pattern.compile("error \".*\" on line (\\d{1,9}), index (\\d{1,9})", Pattern.DOTALL);

    private static final long WARM_UP_NANOS = 60_000_000_000L;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Config.Render limits;
    private final TemplateParser parser;
    private final Map<String, Template> templates = new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Template> eldest) {
            return size() > TEMPLATES_KEPT;
        }
    };
    private long deadlineNanos;
    private long cpuDeadlineNanos;

    Sandbox(Config.Render limits) {
        this.limits = limits;
        var builder = new TemplateParser.Builder()
                .withFlavor(Flavor.LIQUID)
                .withMaxIterations(limits.iterations())
                .withMaxSizeRenderedString(limits.sizeLimitBytes())
                // The library's own time limit starts a thread for each render; ours is looked at by each filter and
                // each part.
                .withMaxRenderTimeMillis(Long.MAX_VALUE)
                .withRenderTransformer(new Timed())
                // This flavor knows no include_relative: the parser refuses it as an unknown tag.
                .withTag(new NoInclude())
                .withTag(new Abort());
        for (var filter : Filters.DEFAULT_FILTERS.values()) {
            builder.withFilter(new BoundedFilter(filter, this));
        }
        parser = builder.build();
        warmUp();
    }

    /** The library's classes are loaded at their first use, which takes longer than any render may. */
    private void warmUp() {
        startClock(WARM_UP_NANOS);
        render(
                "{% for i in (1..2) %}{% if a.b == i %}{{ a.b | default: 'x' | append: 'y' }}{% endif %}{% endfor %}",
                Map.of("a", Map.of("b", 1)));
    }

    long sizeLimit() {
        return limits.sizeLimitBytes();
    }

    /**
     * Begins the time that all texts of one message have together. It is the time of computing: on a busy machine a
     * thread may wait longer than that for a processor, which is no fault of the template.
     */
    void startClock() {
        startClock(limits.timeLimitMillis() * 1_000_000L);
    }

    private void startClock(long limitNanos) {
        deadlineNanos = System.nanoTime() + limitNanos;
        cpuDeadlineNanos = cpuNanos() + limitNanos;
    }

    void checkTime() {
        // Who is not late by the wall clock has not computed for too long either, and that clock is the cheaper one.
        if (System.nanoTime() - deadlineNanos > 0 && cpuNanos() > cpuDeadlineNanos) {
            throw RenderException.failed("The template takes more than " + limits.timeLimitMillis() + " ms.");
        }
    }

    private static long cpuNanos() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /** Fails with a {@link RenderException} whose text is fit for the template's author. */
    Template parse(String text) {
        try {
            return parser.parse(text);
        } catch (StackOverflowError e) {
            throw RenderException.failed("The template is nested too deeply.");
        } catch (RuntimeException e) {
            throw RenderException.failed(words(e));
        }
    }

    /** @param variables plain maps, lists, texts, numbers and booleans; not changed */
    String render(String text, Map<String, Object> variables) {
        checkTime();
        var template = templates.get(text);
        if (template == null) {
            // Parsed once, rendered for each person: the first of them does not pay for it.
            var before = cpuNanos();
            template = parse(text);
            cpuDeadlineNanos += cpuNanos() - before;
            templates.put(text, template);
        }
        try {
            // A map of its own: what a template assigns must not reach the next text.
            return template.renderUnguarded(new HashMap<>(variables));
        } catch (StackOverflowError e) {
            throw RenderException.failed("The template is nested too deeply.");
        } catch (RuntimeException e) {
            throw meaning(e);
        }
    }

    /** Liqp wraps what a filter or tag throws. */
    private RenderException meaning(RuntimeException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RenderException known) {
                return known;
            }
        }
        return RenderException.failed(words(e));
    }

    /** The library's words, but where they name its settings instead of ours. */
    private String words(RuntimeException e) {
        var message = String.valueOf(e.getMessage());
        if (message.startsWith("exceeded maxIterations")) {
            return "Its loops go round more than " + limits.iterations() + " times in all.";
        }
        var place = PLACE.matcher(message);
        if (place.find()) {
            return "Line " + place.group(1) + ", character " + (Integer.parseInt(place.group(2)) + 1)
                    + " cannot be read: something before it is not closed, as {{ by }} and {% by %}, or is no Liquid.";
        }
        return message.length() > 300 ? message.substring(0, 300) + " …" : message;
    }

    /** Looks at the clock with each part that is put together: a loop that only compares asks no filter. */
    private final class Timed implements RenderTransformer {
        private final RenderTransformer usual = TemplateParser.DEFAULT.getRenderTransformer();

        @Override
        public ObjectAppender.Controller newObjectAppender(TemplateContext context, int parts) {
            checkTime();
            var together = usual.newObjectAppender(context, parts);
            return new ObjectAppender.Controller() {
                @Override
                public void append(Object part) {
                    checkTime();
                    together.append(part);
                }

                @Override
                public Object getResult() {
                    return together.getResult();
                }
            };
        }

        @Override
        public Object transformObject(TemplateContext context, Object object) {
            return usual.transformObject(context, object);
        }
    }

    /** Liqp's own would answer the contents of any file that the process can read. */
    private static final class NoInclude extends Tag {
        NoInclude() {
            super("include");
        }

        @Override
        public Object render(TemplateContext context, LNode... nodes) {
            throw RenderException.failed("Templates cannot include other files.");
        }
    }

    private static String unquoted(String text) {
        int last = text.length() - 1;
        return last > 0 && (text.charAt(0) == '\'' || text.charAt(0) == '"') && text.charAt(last) == text.charAt(0)
                ? text.substring(1, last)
                : text;
    }

    /** {@code {% abort 'no stock' %}}: this person gets no message. */
    private static final class Abort extends Tag {
        Abort() {
            super("abort");
        }

        @Override
        public Object render(TemplateContext context, LNode... nodes) {
            var reason = new StringBuilder();
            for (var node : nodes) {
                reason.append(reason.isEmpty() ? "" : " ").append(node.render(context));
            }
            throw RenderException.aborted(unquoted(reason.toString()));
        }
    }
}
