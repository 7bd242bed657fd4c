#include "facts/totals.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace euromesh::facts {
namespace {

const FactSet& built_in() {
    static const auto facts = load_facts(FactFiles::built_in());
    REQUIRE(facts);
    return *facts;
}

const Totals& row(const TotalsTable& table, std::string_view key) {
    for (const Totals& totals : table.rows) {
        if (totals.key == key) return totals;
    }
    FAIL("no such row");
    return table.sum;
}

// In tenths of an EFLOP/s, as published.
double tenths(const Tally& tally) {
    return std::round(tally.peak_flops / 1e17) / 10;
}

}  // namespace

TEST_CASE("the published fleet arithmetic comes out") {
    const TotalsTable table = totals_table(built_in(), TotalBy::status);
    const Totals& operational = row(table, "operational");
    CHECK(operational.all.accelerators == 101052);
    CHECK(tenths(operational.all) == 70.9);
    CHECK(operational.eu27.accelerators == 82196);
    CHECK(tenths(operational.eu27) == 52.9);
    CHECK(operational.outside.accelerators == 18856);
    CHECK(tenths(operational.outside) == 18.0);
    CHECK(tenths(row(table, "contracted").all) == 25.7);
    CHECK(tenths(row(table, "installing").all) == 8.8);
    CHECK(tenths(row(table, "selected").all) == 2.5);
    CHECK(table.a64fx_nodes == 1632);
}

TEST_CASE("golden: totals by status") {
    CHECK(in_words(totals_table(built_in(), TotalBy::status)) ==
          R"(accelerators                                     all                 EU-27               outside
status                 systems      number   EFLOP/s      number   EFLOP/s      number   EFLOP/s   uncounted
operational                 56     101,052      70.9      82,196      52.9      18,856      18.0           1
installing                   3       4,328       8.8       4,328       8.8           0       0.0           3
contracted                   4      10,268      25.7      10,268      25.7           0       0.0           4
tender                       0           0       0.0           0       0.0           0       0.0           3
selected                     1       1,000       2.5       1,000       2.5           0       0.0           9
planned                      0           0       0.0           0       0.0           0       0.0           1
total                       64     116,648     107.9      97,792      89.8      18,856      18.0          21

Peak is dense FP16 without sparsity. Uncounted rows have no published number of accelerators or
are other names of a row that is counted. 1,632 of the number are A64FX processor nodes.
)");
}

TEST_CASE("golden: totals by kind") {
    CHECK(in_words(totals_table(built_in(), TotalBy::kind)) ==
          R"(accelerators                             operational             under way
kind                   systems      number   EFLOP/s      number   EFLOP/s   uncounted
eurohpc                     12      58,692     39.33       1,328      1.31           4
national                    45      42,360     31.56           0      0.00           1
ai_factory                   6           0      0.00      13,268     33.17          13
planned                      1           0      0.00       1,000      2.50           3
total                       64     101,052     70.89      15,596     36.98          21

Peak is dense FP16 without sparsity. Uncounted rows have no published number of accelerators or
are other names of a row that is counted. 1,632 of the number are A64FX processor nodes.
)");
}

TEST_CASE("however they are grouped, the sum is the same, and rows add up to it") {
    const Totals by_status = totals_table(built_in(), TotalBy::status).sum;
    for (const TotalBy by : {TotalBy::status, TotalBy::country, TotalBy::accelerator, TotalBy::kind}) {
        const TotalsTable table = totals_table(built_in(), by);
        Tally sum;
        for (const Totals& totals : table.rows) {
            sum.systems += totals.all.systems;
            sum.uncounted += totals.all.uncounted;
            sum.accelerators += totals.all.accelerators;
            CHECK(totals.eu27.accelerators + totals.outside.accelerators == totals.all.accelerators);
            CHECK(totals.operational.accelerators + totals.under_way.accelerators == totals.all.accelerators);
        }
        CHECK(table.sum.all.accelerators == by_status.all.accelerators);
        CHECK(sum.systems == table.sum.all.systems);
        CHECK(sum.uncounted == table.sum.all.uncounted);
        CHECK(sum.accelerators == table.sum.all.accelerators);
    }
}

TEST_CASE("the largest operational peak stands first, a system without a count adds nothing") {
    const TotalsTable table = totals_table(built_in(), TotalBy::country);
    CHECK(table.rows[0].key == "DE");
    CHECK(table.rows[1].key == "CH");
    CHECK(row(table, "CH").eu27.accelerators == 0);
    CHECK(row(table, "IE").all.accelerators == 0);
    CHECK(row(table, "IE").all.uncounted == 1);
}

TEST_CASE("as JSON") {
    const Json document = to_json(totals_table(built_in(), TotalBy::status));
    CHECK(document["by"] == "status");
    CHECK(document["rows"][0]["key"] == "operational");
    CHECK(document["rows"][0]["all"]["accelerators"] == 101052);
    CHECK(document["rows"][0]["eu27"]["peak_fp16_flops"].get<double>() == doctest::Approx(52.8534368e18));
    CHECK(document["sum"]["key"] == "total");
}

}  // namespace euromesh::facts
