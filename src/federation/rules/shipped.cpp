#include "federation/rules/shipped.hpp"

#include "base/assert.hpp"

namespace euromesh::federation {

Result<RuleText> shipped_rules(std::string_view name) {
    std::string known;
    for (const RuleText& text : all_shipped_rules()) {
        if (text.name == name || text.name == std::string(name) + ".rules") return text;
        known += (known.empty() ? "" : ", ") + text.name;
    }
    return fail(Code::not_found, "no rules '{}' in the program (there are {})", facts::shown(name), known);
}

std::vector<RuleText> all_shipped_rules() {
    std::vector<RuleText> texts;
    for (const facts::EmbeddedFile& file : embedded_rules()) {
        if (file.name.ends_with(".rules")) texts.push_back({std::string(file.name), std::string(file.text)});
    }
    return texts;
}

std::shared_ptr<const RuleSet> shipped_rule_set() {
    static const std::shared_ptr<const RuleSet> set = [] {
        auto compiled = RuleSet::compile("federation", all_shipped_rules());
        EM_ASSERT(compiled, "the rules in the program are tested");
        return *compiled;
    }();
    return set;
}

}  // namespace euromesh::federation
