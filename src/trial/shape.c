/* Which trials take about the same time. */
#include "trial_internal.h"

fgf_status fgf_trial_shape(const fgf_config *config, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    /* Numbers that are computed with, however large they are. */
    static const char *const without[] = {"data.path",
                                          "model.initialize",
                                          "train.seed",
                                          "train.balanced",
                                          "train.class_weights",
                                          "train.monitor",
                                          "train.optimizer.learning_rate",
                                          "train.optimizer.momentum",
                                          "train.optimizer.beta1",
                                          "train.optimizer.beta2",
                                          "train.optimizer.epsilon",
                                          "train.optimizer.weight_decay",
                                          "train.optimizer.schedule",
                                          "train.optimizer.step_epochs",
                                          "train.optimizer.step_factor",
                                          "train.optimizer.warmup_epochs",
                                          "train.optimizer.clip_norm",
                                          "train.augment.rotation_degrees",
                                          "train.augment.shift_pixels",
                                          "train.augment.noise",
                                          "split.fold",
                                          "split.centre",
                                          "split.repeat",
                                          "split.inner_fold",
                                          "split.seed",
                                          "align.lambda",
                                          "align.weights",
                                          "align.warmup_epochs",
                                          "agreement",
                                          "noise.seed"};
    fgf_trial_settings s;
    fgf_buffer text = {0};
    FGF_TRY(fgf_trial_settings_read(config, &s));
    const fgf_hash rest =
        fgf_config_hash_without(config, without, sizeof without / sizeof *without);
    /* Of some of them it counts whether they are there at all. */
    fgf_buffer_add(&text, "%s %d %d %d %d", rest.text, s.align.lambda > 0,
                   s.augment.rotation_degrees > 0, s.augment.shift_pixels > 0, s.augment.noise > 0);
    FGF_TRY(text.status);
    *out = fgf_hash_bytes(text.text, text.length);
done:
    fgf_buffer_clear(&text);
    return status;
}
