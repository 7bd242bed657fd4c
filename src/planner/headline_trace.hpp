// The published headline's months, followed back to formula and parameters.
//
// Pure function. Ids: "headline.gap", "headline.mesh_month", "headline.campus_month", "headline.efficiency"
// and so on; parameters are leaves under their key in the scenario file. A figure that does not exist (a
// month that is not within the months looked at, a gap then) is not there.
#pragma once

#include "planner/figure.hpp"
#include "planner/headline.hpp"

namespace euromesh::planner {

// `source`: of all parameters but the leads of the regions, which are grade C.
Trace trace_headline(const HeadlineParameters& parameters, const HeadlineResult& result,
                     const facts::Source& source);

// Of the three scenarios in the program.
facts::Source published_headline_source();

}  // namespace euromesh::planner
