// Where a number comes from: every figure that a plan states can be followed back to its sources.
//
// A leaf is a fact or an assumption with its source and grade; a derived figure names its formula and the
// figures that went in. A derived figure is only as good as the worst of them: its grade follows. The passes
// write into one Trace; `--explain` and the report read it. A Trace belongs to one thread.
// Invariants: ids are unique; inputs of a figure were added before it, so that the graph has no circle.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "facts/systems.hpp"

namespace euromesh::planner {

struct Range {
    double low = 0;
    double high = 0;
};

struct Figure {
    std::string id = {};     // "fleet.peak": dotted, stable
    std::string label = {};  // "peak of the fleet, dense FP16"
    double value = 0;
    std::string unit = {};  // "FLOP/s", "days", "EUR"; "1" for a ratio
    std::optional<Range> range = {};
    std::string formula = {};              // "count x peak x MFU"; empty for a leaf
    std::vector<std::string> inputs = {};  // ids; empty for a leaf
    facts::Source source = {};             // of a leaf
    facts::Grade grade = facts::Grade::c;
    std::string note = {};
};

class Trace {
  public:
    // A figure that is there already (same id) is kept as it is: passes may both name a shared fact.
    // `figure.source.grade` becomes its grade. The reference lives as long as nothing is added.
    const Figure& leaf(Figure figure);
    // Every input must be there.
    const Figure& derive(Figure figure);

    const Figure* find(std::string_view id) const;
    const std::vector<Figure>& figures() const { return figures_; }

  private:
    std::vector<Figure> figures_;
};

// {"id", "label", "value", "unit", "low", "high", "formula", "inputs", "source", "source_url", "as_of",
// "grade", "note"}; absent where unknown or empty.
Json to_json(const Figure& figure);

// A figure with everything below it, indented, one line each; as `--explain` prints.
std::string explain(const Trace& trace, std::string_view id);

}  // namespace euromesh::planner
