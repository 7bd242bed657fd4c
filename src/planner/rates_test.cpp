#include "planner/rates.hpp"

#include <doctest/doctest.h>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

facts::Accelerator card(const char* id) {
    return facts::find_accelerator(built_in_facts().accelerators, id).value();
}

}  // namespace

TEST_CASE("the whole-job MFU is the measured one where there is one, and weaker where it is derived") {
    const SourcedSpread measured = whole_job_mfu(card("h100-sxm-80")).value();
    CHECK(measured.spread.low == 0.139);
    CHECK(measured.spread.central == 0.259);
    CHECK(measured.spread.high == 0.346);
    CHECK(measured.source.grade == facts::Grade::b);
    const SourcedSpread derived = whole_job_mfu(card("h200-sxm-141")).value();
    CHECK(derived.spread.central == doctest::Approx(0.4 * 0.7));
    CHECK(derived.source.grade == facts::Grade::c);
    const SourcedSpread once = whole_job_mfu(card("gh200-96")).value();
    CHECK(once.spread.low < once.spread.central);
    CHECK(once.spread.high > once.spread.central);
}

TEST_CASE("what nobody has published has no rate") {
    CHECK_FALSE(dense_peak(card("mi430x")));
    CHECK_FALSE(whole_job_mfu(card("gh200-144")));
    CHECK(dense_peak(card("v100-sxm2")) == 125e12);
}

TEST_CASE("prices are in euros and in order") {
    const auto& costs = built_in_facts().costs;
    const double a100 = hour_price(costs, PriceClass::a100).value().spread.central;
    const double h100 = hour_price(costs, PriceClass::h100).value().spread.central;
    const double b200 = hour_price(costs, PriceClass::b200).value().spread.central;
    CHECK(h100 == doctest::Approx(3.0 * 0.851));
    CHECK(a100 < h100);
    CHECK(h100 < b200);
    CHECK(building_price(costs).value().spread.central == 8.4);
    CHECK(price_class(383e12) == PriceClass::a100);
    CHECK(price_class(989e12) == PriceClass::h100);
    CHECK(price_class(2500e12) == PriceClass::b200);
}

TEST_CASE("a card's power comes from the system where that is known") {
    const auto lumi = facts::find_system(built_in_facts().systems, "lumi-g").value();
    CHECK(watts_per_card(lumi, card("mi250x")).value().spread.central == doctest::Approx(7.107e6 / 11912));
    CHECK(watts_per_card(card("h100-sxm-80")).value().spread.central == doctest::Approx(700 * 1.25));
    CHECK_FALSE(watts_per_card(card("mi430x")));
}
