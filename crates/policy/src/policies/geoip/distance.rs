//! How far two places are from each other on the ellipsoid of WGS 84, by Vincenty's inverse formula
//! (Survey Review XXIII, 176, 1975).

/// Half axes of WGS 84, in kilometres, and its flattening.
const EQUATOR: f64 = 6378.137;
const POLE: f64 = 6_356.752_314_245;
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// The formula does not converge for places that are nearly opposite; then a sphere decides.
const ROUNDS: u32 = 100;
const MEAN: f64 = 6371.0088;

/// Kilometres between two places, each a latitude and a longitude in degrees.
pub(super) fn kilometres(from: (f64, f64), to: (f64, f64)) -> f64 {
    on_ellipsoid(from, to).unwrap_or_else(|| on_sphere(from, to))
}

fn on_ellipsoid(from: (f64, f64), to: (f64, f64)) -> Option<f64> {
    let reduced = |latitude: f64| ((1.0 - FLATTENING) * latitude.to_radians().tan()).atan();
    let (sin_first, cos_first) = reduced(from.0).sin_cos();
    let (sin_second, cos_second) = reduced(to.0).sin_cos();
    let difference = (to.1 - from.1).to_radians();
    let mut lambda = difference;
    for _ in 0..ROUNDS {
        let (sin_lambda, cos_lambda) = lambda.sin_cos();
        let across = cos_second * sin_lambda;
        let along = cos_first * sin_second - sin_first * cos_second * cos_lambda;
        let sin_sigma = across.hypot(along);
        if sin_sigma == 0.0 {
            return Some(0.0);
        }
        let cos_sigma = sin_first * sin_second + cos_first * cos_second * cos_lambda;
        let sigma = sin_sigma.atan2(cos_sigma);
        let sin_alpha = cos_first * cos_second * sin_lambda / sin_sigma;
        let cos_alpha_squared = 1.0 - sin_alpha * sin_alpha;
        // On the equator there is no other parallel to be between.
        let middle = if cos_alpha_squared == 0.0 {
            0.0
        } else {
            cos_sigma - 2.0 * sin_first * sin_second / cos_alpha_squared
        };
        let c = FLATTENING / 16.0
            * cos_alpha_squared
            * (4.0 + FLATTENING * (4.0 - 3.0 * cos_alpha_squared));
        let inner = middle + c * cos_sigma * (2.0 * middle * middle - 1.0);
        let next =
            difference + (1.0 - c) * FLATTENING * sin_alpha * (sigma + c * sin_sigma * inner);
        if (next - lambda).abs() < 1e-12 {
            return Some(length(cos_alpha_squared, (sigma, sin_sigma, cos_sigma), middle));
        }
        lambda = next;
    }
    None
}

/// The length of the arc `sigma`, on a great ellipse with that inclination.
fn length(cos_alpha_squared: f64, (sigma, sin, cos): (f64, f64, f64), middle: f64) -> f64 {
    let u = cos_alpha_squared * (EQUATOR * EQUATOR - POLE * POLE) / (POLE * POLE);
    let a = 1.0 + u / 16384.0 * (4096.0 + u * (-768.0 + u * (320.0 - 175.0 * u)));
    let b = u / 1024.0 * (256.0 + u * (-128.0 + u * (74.0 - 47.0 * u)));
    let square = 2.0 * middle * middle - 1.0;
    let third = b / 6.0 * middle * (4.0 * sin * sin - 3.0) * (4.0 * middle * middle - 3.0);
    let correction = b * sin * (middle + b / 4.0 * (cos * square - third));
    POLE * a * (sigma - correction)
}

/// By the haversine formula.
fn on_sphere(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (first, second) = (from.0.to_radians(), to.0.to_radians());
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let part =
        half(second - first) + first.cos() * second.cos() * half((to.1 - from.1).to_radians());
    2.0 * MEAN * part.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_that_surveyors_publish() {
        for (from, to, expected, tolerance) in [
            ((51.75, -1.25), (51.75, -1.25), 0.0, 1e-9),
            // Flinders Peak to Buninyong: the worked example of Geoscience Australia's manual.
            (
                (-37.951_033_416_7, 144.424_867_888_9),
                (-37.652_821_138_9, 143.926_495_527_8),
                54.972_271,
                0.001,
            ),
            // A degree of longitude on the equator, and a quarter of a meridian.
            ((0.0, 0.0), (0.0, 1.0), 111.319_491, 0.001),
            ((0.0, 10.0), (90.0, 10.0), 10_001.965_729, 0.001),
            // Nearly opposite, where the formula has no answer: half the way round.
            ((0.0, 0.0), (0.5, 179.7), 19_936.288_579, 60.0),
        ] {
            let found = kilometres(from, to);
            assert!((found - expected).abs() <= tolerance, "{from:?} {to:?}: {found}");
            let back = kilometres(to, from);
            assert!((found - back).abs() < 1e-6, "{from:?} {to:?}: there {found}, back {back}");
        }
    }
}
