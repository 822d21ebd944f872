"""The model behind ``CoarseToFine``: a Gaussian process over the unit cube, and where to look next by it.

One suggestion, from the record to a configuration::

    training_data.py     outcomes of the trials, forecasts of unfinished ones, targets y, a subset
    encoding.py          points u of the unit cube become features x
    gaussian_process.py  p(θ | X, y), its mode and samples from it; p(f | X, y, θ), the posterior
    acquisition.py       expected improvement, averaged over the samples of θ, and its gradient
    optimize.py          candidates anywhere and near the best, the most promising moved, then gradient ascent
    suggest.py           all of this, for one configuration after the other; the initial design before it

Notation, used in the comments of these files; everything is minimised::

    d, p           how many coordinates the unit cube has, and how many features
    n, m           how many trials are learnt from, and how many points are predicted
    u ∈ [0, 1]^d   a configuration as a point of the unit cube; NaN where a hyperparameter is inactive
    x ∈ R^p        its features: numbers as they are, a column for each option of a Choice
    X, y           features and targets of the trials; targets have mean 0 and variance 1
    s²             variance of a single target (a forecast, a failure), beyond the noise of all
    θ              the kernel's parameters as logarithms: log ℓ₁, …, log ℓ_d, log σ_f², log σ_n²
    ℓ_j            length scale of coordinate j, in units of the cube
    σ_f², σ_n²     variance of the signal and of the noise, in units of the targets' variance
    r              distance in length scales: r² = Σ (x_j - x'_j)² / ℓ_j²
    k(r)           Matérn 5/2: σ_f² (1 + √5 r + 5/3 r²) exp(-√5 r)                [RW 4.17]
    K = L Lᵀ       covariance of the targets, k(X, X) + diag(σ_n² + s²), and its Cholesky factor
    α              K⁻¹ y                                                          [RW algorithm 2.1]
    μ(x)           posterior mean, k(x, X) α                                      [RW 2.25]
    σ²(x)          posterior variance, k(x, x) - k(x, X) K⁻¹ k(X, x)              [RW 2.26]
    log p(y|X, θ)  log marginal likelihood, -½ yᵀα - Σ log L_ii + const.          [RW 2.30], gradient [RW 5.9]
    y*             the incumbent: the lowest target that is known or expected
    z              (y* - μ) / σ
    EI             E[max(y* - f, 0)] = σ (φ(z) + z Φ(z))                          [J 15], its log [A 9, 14]

    [RW]  Rasmussen and Williams, Gaussian processes for machine learning (2006)
    [J]   Jones, Schonlau and Welch, Efficient global optimization of expensive black-box functions (1998)
    [A]   Ament et al., Unexpected improvements to expected improvement (2023)
"""
