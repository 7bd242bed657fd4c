// The published EuroMesh headline: when would new 40 MW sites together, and when a new 1 GW campus, have
// trained a 405B model?
//
// Why: people know these months. A planner that first gives them again can be trusted with what they leave
// out: both dates are of new machines that wait for a grid connection, never of the machines that exist. The
// seven equations are small pure functions here; docs/models/published-headline.md tells them, with their
// source and what they do not model. Plain values, any thread. Months have 30 days; month 0 is `first_month`.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace euromesh::planner {

struct HeadlineRegion {
    std::string name = {};
    double lead_years = 0;  // from month 0 to the connection of its first site, before the lead multiplier
};

struct HeadlineMonth {
    int year = 2026;
    int month = 1;  // 1 to 12
};

struct HeadlineTarget {
    double parameters = 405e9;  // N
    double tokens = 8.1e12;     // D

    double flop() const { return 6 * parameters * tokens; }
};

struct HeadlineCard {
    double peak_flops = 9.89e14;  // FLOP/s, dense BF16
    double power_kw = 1.4;        // of IT power
    double pue = 1.2;             // only for the energy drawn from the grid
};

struct HeadlineSites {
    double power_mw = 40;  // of IT power
    int per_region = 7;
    int most = 0;  // only the first so many, one per region in turn; 0: all
    double stagger_months = 1;
    double lead_multiplier = 1;  // m_s
    double ramp_months = 12;     // R, from first to full power
    double mfu = 0.40;
};

struct HeadlineCampus {
    double power_mw = 1000;
    double lead_years = 7;  // tau_mega
    double ramp_months = 12;
    double mfu = 0.42;
};

struct HeadlineEfficiency {
    double alpha0 = 1.10;  // compute for the same loss as one site, at 500 inner steps and one site
    double k_h = 0.03;
    double k_n = 0.04;
    double alpha_cap = 1.60;
    double inner_steps = 500;   // H
    double batch_tokens = 2e6;  // B
    double compression = 0.25;  // c, of 2 bytes a parameter
    double wan_gbit_s = 100;    // W
    double latency_ms = 30;     // one way
    double overlap = 0.5;       // phi, share of the exchange that hides behind compute
};

struct HeadlineParameters {
    std::string name = "baseline";
    HeadlineMonth first_month = {};
    int months = 120;
    HeadlineTarget target = {};
    HeadlineCard card = {};
    HeadlineSites sites = {};
    HeadlineCampus campus = {};
    HeadlineEfficiency efficiency = {};
    std::vector<HeadlineRegion> regions = {{"Nordics", 2.5},        {"France", 2.5},  {"Iberia", 3.0},
                                           {"United Kingdom", 3.5}, {"Germany", 4.0}, {"Ireland", 4.0},
                                           {"Netherlands", 4.0}};
};

struct HeadlineSite {
    std::string region = {};
    int number = 0;              // of its region, from 0
    double power_from_year = 0;  // tau: years after month 0
};

// E = eta / alpha and what it is made of.
struct MeshEfficiency {
    double compute_s = 0;   // t_c, of one outer step
    double exchange_s = 0;  // t_x
    double eta = 1;         // share of the time that computes
    double alpha = 1;
    double value() const { return eta / alpha; }
};

struct HeadlinePoint {
    double mesh_mw = 0;  // in this month
    double campus_mw = 0;
    double mesh_flop = 0;  // by its end
    double campus_flop = 0;
};

struct HeadlineResult {
    std::vector<HeadlineSite> sites = {};
    MeshEfficiency efficiency = {};
    std::vector<HeadlinePoint> series = {};  // element m is month m
    std::optional<int> mesh_month = {};      // none: not within `months`
    std::optional<int> campus_month = {};
    std::optional<int> gap() const;  // campus - mesh; negative when the campus is first
};

// Equation 1. Cards of a site of `power_mw` (not rounded), and their peak in FLOP/s.
double cards_of(const HeadlineCard& card, double power_mw);
double peak_of(const HeadlineCard& card, double power_mw);
// Equation 2. One site per region in turn, until all are there, or the first `most`.
std::vector<HeadlineSite> sites_of(const HeadlineParameters& parameters);
// Equation 3. Share of full power in month `m` of something that has first power after `years`: 0 to 1.
double ramp_share(double m, double years, double ramp_months);
// Equation 4. Seconds of one outer step's compute at one site, and of its exchange.
double compute_seconds(const HeadlineParameters& parameters);
double exchange_seconds(const HeadlineParameters& parameters);
// Equations 4 and 5. `sites` >= 1.
MeshEfficiency mesh_efficiency(const HeadlineParameters& parameters, int sites);
// Equation 6. FLOP of one month at `power_mw`.
double month_flop(const HeadlineCard& card, double power_mw, double mfu, double efficiency);
// Equations 1 to 7.
HeadlineResult run_headline(const HeadlineParameters& parameters);

// "Oct 2028" for month 33 after January 2026: calendar months are counted, as the published table does.
std::string month_label(HeadlineMonth first, int month);

// Energy from the grid (IT power x PUE) up to the end of the month of delivery, or of the last month, in GWh.
double mesh_gwh(const HeadlineParameters& parameters, const HeadlineResult& result);
double campus_gwh(const HeadlineParameters& parameters, const HeadlineResult& result);

}  // namespace euromesh::planner
