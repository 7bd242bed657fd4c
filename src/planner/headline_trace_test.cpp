#include "planner/headline_trace.hpp"

#include <doctest/doctest.h>

#include "base/json.hpp"

namespace euromesh::planner {
namespace {

Trace traced(const HeadlineParameters& parameters) {
    return trace_headline(parameters, run_headline(parameters), published_headline_source());
}

double value_of(const Trace& trace, const char* id) {
    const Figure* figure = trace.find(id);
    REQUIRE(figure != nullptr);
    return figure->value;
}

}  // namespace

TEST_CASE("the gap is followed back to all parameters") {
    const Trace trace = traced({});
    CHECK(value_of(trace, "headline.gap") == 52);
    const std::string text = explain(trace, "headline.gap");
    for (const Figure& figure : trace.figures()) {
        CAPTURE(figure.id);
        const bool only_for_energy =
            figure.id == "card.pue" || figure.id.find("_energy") != std::string::npos;
        CHECK((text.find(figure.label + ": ") != std::string::npos) == !only_for_energy);
    }
    CHECK(text.find("month of the mesh (Oct 2028): 33 months") != std::string::npos);
}

TEST_CASE("what rests on placeholders is grade C, the campus alone is not") {
    const Trace trace = traced({});
    CHECK(trace.find("headline.mesh_month")->grade == facts::Grade::c);
    CHECK(trace.find("headline.campus_month")->grade == facts::Grade::b);
}

TEST_CASE("formulas give the values that stand beside them") {
    const Trace t = traced({});
    CHECK(value_of(t, "headline.target") ==
          6 * value_of(t, "target.parameters") * value_of(t, "target.tokens"));
    CHECK(value_of(t, "headline.efficiency") == value_of(t, "headline.eta") / value_of(t, "headline.alpha"));
    const double t_c = value_of(t, "headline.compute");
    CHECK(value_of(t, "headline.eta") ==
          doctest::Approx(
              t_c / (t_c + (1 - value_of(t, "efficiency.overlap")) * value_of(t, "headline.exchange"))));
    CHECK(value_of(t, "headline.first_power") == doctest::Approx(23.5 / 7 + 0.25));
}

TEST_CASE("fewer sites are told with their number") {
    HeadlineParameters parameters;
    parameters.sites.most = 24;
    CHECK(value_of(traced(parameters), "headline.sites") == 24);
    CHECK(value_of(traced(parameters), "sites.most") == 24);
}

TEST_CASE("a month that is not there has no figure") {
    HeadlineParameters parameters;
    parameters.campus.lead_years = 50;
    const Trace trace = traced(parameters);
    CHECK(trace.find("headline.mesh_month") != nullptr);
    CHECK(trace.find("headline.campus_month") == nullptr);
    CHECK(trace.find("headline.gap") == nullptr);
}

}  // namespace euromesh::planner
