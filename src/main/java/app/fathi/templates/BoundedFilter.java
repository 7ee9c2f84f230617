package app.fathi.templates;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import liqp.TemplateContext;
import liqp.filters.Filter;

/**
 * A filter of Liquid with bounds on what it is given and on what it gives. Without them {@code append} doubles a text
 * until memory ends, {@code replace} multiplies two texts, and {@code '1e999999999' | plus: 1} is a number of a billion
 * digits.
 */
final class BoundedFilter extends Filter {
    /** No filter makes more than the product of its input's and its largest parameter's size. */
    private static final long WORK_LIMIT = 1_000_000;

    private static final int DIGITS_LIMIT = 60;
    private static final int ROUND_LIMIT = 20;
    private static final Set<String> NUMERIC = Set.of(
            "abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round", "times");
    private static final Pattern PLAIN_NUMBER = Pattern.compile("\\s*[-+]?[0-9]*\\.?[0-9]*\\s*");
    /** A field width of {@code strftime}: three digits and more only serve to fill memory. */
    private static final Pattern WIDE_FIELD = Pattern.compile("%[^A-Za-z%0-9]*[0-9]{3,}");

    private final Filter filter;
    private final Sandbox sandbox;

    BoundedFilter(Filter filter, Sandbox sandbox) {
        super(filter.name);
        this.filter = filter;
        this.sandbox = sandbox;
    }

    @Override
    public Object apply(Object value, TemplateContext context, Object... params) {
        sandbox.checkTime();
        long largest = 0;
        for (var param : params) {
            largest = Math.max(largest, size(param, 0));
            checkParameter(param);
        }
        if ((size(value, 0) + 1) * (largest + 1) > WORK_LIMIT) {
            throw RenderException.failed("The filter " + name + " would have to do too much.");
        }
        checkNumber(value);
        var result = filter.apply(value, context, params);
        if (size(result, 0) > sandbox.sizeLimit()) {
            throw RenderException.failed(
                    "The filter " + name + " makes more than " + sandbox.sizeLimit() + " characters.");
        }
        return result;
    }

    private void checkParameter(Object param) {
        checkNumber(param);
        if (name.equals("round") && asNumber(param).doubleValue() > ROUND_LIMIT) {
            throw RenderException.failed("The filter round keeps at most " + ROUND_LIMIT + " places.");
        }
        if (name.equals("date")
                && param instanceof String format
                && WIDE_FIELD.matcher(format).find()) {
            throw RenderException.failed("The format of the filter date has too wide a field.");
        }
    }

    private void checkNumber(Object value) {
        if (!NUMERIC.contains(name)) {
            return;
        }
        boolean fine =
                switch (value) {
                    case BigDecimal number -> number.precision() + Math.abs((long) number.scale()) <= DIGITS_LIMIT;
                    case BigInteger number -> number.bitLength() <= DIGITS_LIMIT * 3;
                    case String text ->
                        text.length() <= DIGITS_LIMIT
                                && PLAIN_NUMBER.matcher(text).matches();
                    case null -> true;
                    default -> true;
                };
        if (!fine) {
            throw RenderException.failed(
                    "The filter " + name + " needs a number of at most " + DIGITS_LIMIT + " digits.");
        }
    }

    /** Characters of a text, elements and characters of a list; digits of a number. */
    private static long size(Object value, int depth) {
        if (depth > Sandbox.DEPTH_LIMIT) {
            throw RenderException.failed("A value is nested too deeply.");
        }
        return switch (value) {
            case null -> 0;
            case String text -> text.length();
            case BigDecimal number -> number.precision() + Math.abs((long) number.scale());
            case BigInteger number -> number.bitLength() / 3;
            case Collection<?> list -> {
                long sum = 0;
                for (var element : list) {
                    sum += 1 + size(element, depth + 1);
                }
                yield sum;
            }
            case Map<?, ?> map -> {
                long sum = 0;
                for (var entry : map.entrySet()) {
                    sum += 1 + size(entry.getKey(), depth + 1) + size(entry.getValue(), depth + 1);
                }
                yield sum;
            }
            case Object[] array -> {
                long sum = 0;
                for (var element : array) {
                    sum += 1 + size(element, depth + 1);
                }
                yield sum;
            }
            default -> 1;
        };
    }
}
