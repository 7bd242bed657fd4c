#include "planner/figure.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::planner {
namespace {

void put(Json& json, const char* key, const std::string& text) {
    if (!text.empty()) json[key] = text;
}

std::string value_of(const Figure& figure) {
    const std::string unit = figure.unit == "1" ? "" : " " + figure.unit;
    if (!figure.range) return fmt::format("{:.6g}{}", figure.value, unit);
    return fmt::format("{:.6g}{} ({:.4g} to {:.4g})", figure.value, unit, figure.range->low,
                       figure.range->high);
}

std::string origin_of(const Figure& figure) {
    if (!figure.inputs.empty()) return "= " + figure.formula;
    std::string out = figure.source.name;
    if (!figure.source.as_of.empty()) out += ", " + figure.source.as_of;
    if (!figure.source.url.empty()) out += ", " + figure.source.url;
    return out;
}

void explain_into(std::string& out, const Trace& trace, const Figure& figure, std::size_t depth,
                  std::vector<std::string>& told) {
    const bool again = std::find(told.begin(), told.end(), figure.id) != told.end();
    out += fmt::format("{:{}}{}: {} [{}] {}\n", "", depth * 2, figure.label, value_of(figure),
                       facts::name_of(figure.grade),
                       again && !figure.inputs.empty() ? "(see above)" : origin_of(figure));
    if (again) return;
    told.push_back(figure.id);
    if (!figure.note.empty()) out += fmt::format("{:{}}note: {}\n", "", depth * 2 + 2, figure.note);
    for (const std::string& id : figure.inputs) explain_into(out, trace, *trace.find(id), depth + 1, told);
}

}  // namespace

const Figure& Trace::leaf(Figure figure) {
    EM_ASSERT(figure.inputs.empty(), "a leaf has no inputs");
    if (const Figure* there = find(figure.id)) return *there;
    figure.grade = figure.source.grade;
    return figures_.emplace_back(std::move(figure));
}

const Figure& Trace::derive(Figure figure) {
    EM_ASSERT(!figure.inputs.empty(), "a derived figure has inputs");
    EM_ASSERT(find(figure.id) == nullptr, "a figure is derived once");
    figure.grade = facts::Grade::a;
    for (const std::string& id : figure.inputs) {
        const Figure* input = find(id);
        EM_ASSERT(input != nullptr, "inputs are there first");
        figure.grade = std::max(figure.grade, input->grade);
    }
    return figures_.emplace_back(std::move(figure));
}

const Figure* Trace::find(std::string_view id) const {
    const auto at =
        std::find_if(figures_.begin(), figures_.end(), [&](const Figure& f) { return f.id == id; });
    return at == figures_.end() ? nullptr : &*at;
}

Json to_json(const Figure& figure) {
    Json json = {{"id", figure.id},
                 {"label", figure.label},
                 {"value", figure.value},
                 {"unit", figure.unit},
                 {"grade", facts::name_of(figure.grade)}};
    if (figure.range) {
        json["low"] = figure.range->low;
        json["high"] = figure.range->high;
    }
    put(json, "formula", figure.formula);
    if (!figure.inputs.empty()) json["inputs"] = figure.inputs;
    put(json, "source", figure.source.name);
    put(json, "source_url", figure.source.url);
    put(json, "as_of", figure.source.as_of);
    put(json, "note", figure.note);
    return json;
}

std::string explain(const Trace& trace, std::string_view id) {
    const Figure* figure = trace.find(id);
    EM_ASSERT(figure != nullptr, "a figure of this trace");
    std::string out;
    std::vector<std::string> told;
    explain_into(out, trace, *figure, 0, told);
    return out;
}

}  // namespace euromesh::planner
