package app.fathi.cep.message;

import java.util.List;

/**
 * A page of a list with filters that have no index of their own. So many rows are looked at and no more, whatever is asked
 * for, so a page may hold fewer than fit, or none, and go on all the same.
 *
 * @param next where the next page begins; null when there is nothing more
 */
public record Looked<T>(List<T> items, List<?> next) {}
