// Parameters of the published headline, as people write them: scenarios/plan/published-*.toml.
//
// A key that is left out has its baseline value; an unknown key, a wrong type or a value out of range is told
// with file and line. Pure function of the text, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "planner/headline.hpp"

namespace euromesh::planner {

// `file` is only named in messages. bad_input: the first thing that is wrong.
Result<HeadlineParameters> read_headline(std::string_view text, std::string file);

// The three published ones that travel in the program: optimistic, baseline, pessimistic.
Result<std::vector<HeadlineParameters>> published_headlines();

}  // namespace euromesh::planner
