/**
 * The rule language: who is meant, written as JSON. {@link app.fathi.segments.rules.RuleParser} reads a rule and says what
 * is wrong with it and where; {@link app.fathi.segments.rules.RuleEngine} answers it for one person in memory,
 * {@link app.fathi.segments.rules.RuleSql} for all of a workspace in SQL. Both engines give the same answers: they know
 * numbers as doubles, texts by code point, times in microseconds, and take the present moment as a parameter. What is
 * missing makes an answer unknown, and who is unknown is not meant.
 */
package app.fathi.segments.rules;
