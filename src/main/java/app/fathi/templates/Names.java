package app.fathi.templates;

import java.util.Set;
import java.util.TreeSet;
import liqp.org.antlr.v4.runtime.tree.ParseTree;
import liquid.parser.v4.LiquidParser.AssignmentContext;
import liquid.parser.v4.LiquidParser.Capture_tag_IdContext;
import liquid.parser.v4.LiquidParser.For_arrayContext;
import liquid.parser.v4.LiquidParser.For_rangeContext;
import liquid.parser.v4.LiquidParser.Lookup_id_indexesContext;
import liquid.parser.v4.LiquidParser.Table_tagContext;

/** What a template asks for by name, less what it makes itself. */
final class Names {
    private final Set<String> asked = new TreeSet<>();
    private final Set<String> made = new TreeSet<>();

    private Names() {}

    static Set<String> of(ParseTree template) {
        var names = new Names();
        names.look(template);
        names.asked.removeAll(names.made);
        return names.asked;
    }

    private void look(ParseTree node) {
        switch (node) {
            case Lookup_id_indexesContext lookup -> asked.add(lookup.id().getText());
            case AssignmentContext assign -> made.add(assign.id().getText());
            case Capture_tag_IdContext capture -> made.add(capture.id().getText());
            case For_arrayContext loop -> made.add(loop.id().getText());
            case For_rangeContext loop -> made.add(loop.id().getText());
            case Table_tagContext table -> made.add(table.id().getText());
            default -> {
                // Says no name itself.
            }
        }
        for (int i = 0; i < node.getChildCount(); i++) {
            look(node.getChild(i));
        }
    }
}
