"""What of a page axe need not be asked twice about, in the browser's own words."""

from __future__ import annotations

# Of the rows of a list that differ in nothing but their words, axe says the same: the first three stand for all.
# What tells rows apart is their elements, classes, roles, states and the names of all other attributes.
THINNED = r"""() => {
    const words = / (?!class=|role=|type=|aria-(?!label|describedby|controls|owns))([\w-]+)="[^"]*"/g;
    const look = row => row.outerHTML.replace(words, " $1").replace(/>[^<]+</g, ">.<");
    for (const list of document.querySelectorAll("tbody, ul, ol, dl, [role=listbox]")) {
        const met = new Map();
        for (const row of [...list.children]) {
            const number = (met.get(look(row)) ?? 0) + 1;
            met.set(look(row), number);
            if (number > 3) row.remove();
        }
    }
}"""

# Contrast takes axe longer than everything else. It hangs on the colours and the size of a text and on what lies behind
# it: of the texts that are alike in these, the first and the last of a page stand for all, and on further pages none.
# Answers axe's complaints and the kinds of text that were not `known`.
CONTRASTS = """async ([known, rules]) => {
    const behind = new Map([[null, ""]]);
    const under = node => {
        if (!behind.has(node)) {
            const style = getComputedStyle(node);
            const own = [
                style.backgroundColor === "rgba(0, 0, 0, 0)" ? "" : style.backgroundColor,
                style.backgroundImage === "none" ? "" : style.backgroundImage,
                style.opacity === "1" ? "" : style.opacity,
                ["static", "relative"].includes(style.position) ? "" : style.position + node.className,
            ].filter(Boolean);
            behind.set(node, [...own, under(node.parentElement)].join("|"));
        }
        return behind.get(node);
    };
    const kind = node => {
        const style = getComputedStyle(node);
        const field = node.matches("input, select, textarea") ? node.tagName : "";
        return [style.color, style.fontSize, style.fontWeight, style.textShadow, field, under(node)].join("|");
    };
    const speaks = node => node.matches("input, select, textarea")
        || [...node.childNodes].some(part => part.nodeType === Node.TEXT_NODE && part.data.trim());
    const kinds = new Map();
    for (const node of document.body.querySelectorAll("*")) {
        if (!speaks(node) || !node.getClientRects().length) continue;
        const met = kinds.get(kind(node));
        kinds.set(kind(node), [met?.[0] ?? node, node]);
    }
    for (const name of known) kinds.delete(name);
    if (!kinds.size) return [[], []];
    const found = await axe.run({include: [...new Set([...kinds.values()].flat())]}, rules);
    return [found.violations, [...kinds.keys()]];
}"""
