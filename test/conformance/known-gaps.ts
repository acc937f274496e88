/**
 * Node tests of ONNX 1.23.1 whose types or sizes lowering does not know, with the reason. A test
 * holds that all others are right, and that these still are not.
 */
const GAPS: readonly (readonly [reason: string, tests: string])[] = [
  [
    "the size of the image stands in the file, which is not decoded",
    `test_image_decoder_decode_bmp_rgb test_image_decoder_decode_jpeg2k_rgb
     test_image_decoder_decode_jpeg_bgr test_image_decoder_decode_jpeg_grayscale
     test_image_decoder_decode_jpeg_rgb test_image_decoder_decode_png_rgb
     test_image_decoder_decode_pnm_rgb test_image_decoder_decode_tiff_rgb
     test_image_decoder_decode_webp_rgb`,
  ],
  [
    "which boxes are kept depends on scores; not computed for constants",
    `test_nonmaxsuppression_center_point_box_format test_nonmaxsuppression_flipped_coordinates
     test_nonmaxsuppression_identical_boxes test_nonmaxsuppression_iou_threshold_boundary
     test_nonmaxsuppression_limit_output_size test_nonmaxsuppression_single_box
     test_nonmaxsuppression_suppress_by_IOU test_nonmaxsuppression_suppress_by_IOU_and_scores
     test_nonmaxsuppression_two_batches test_nonmaxsuppression_two_classes`,
  ],
  [
    "how many elements differ depends on them; not computed for constants",
    `test_unique_bfloat16_sorted_without_axis test_unique_length_1
     test_unique_not_sorted_without_axis test_unique_sorted_with_axis
     test_unique_sorted_with_axis_3d test_unique_sorted_with_negative_axis
     test_unique_sorted_without_axis`,
  ],
  [
    "how many parts or words there are depends on the text, which is not computed with",
    `test_string_split_basic test_string_split_consecutive_delimiters
     test_string_split_empty_string_delimiter test_string_split_empty_tensor
     test_string_split_maxsplit test_string_split_no_delimiter
     test_strnormalizer_export_monday_casesensintive_lower
     test_strnormalizer_export_monday_casesensintive_nochangecase
     test_strnormalizer_export_monday_casesensintive_upper
     test_strnormalizer_export_monday_empty_output
     test_strnormalizer_export_monday_insensintive_upper_twodim`,
  ],
  ["operator set 1; sets below 7 are not read", `test_not_2d test_not_3d test_not_4d`],
];

/** The reason why a test is not passed, by name. */
export const KNOWN_GAPS: ReadonlyMap<string, string> = new Map(
  GAPS.flatMap(([reason, tests]) => tests.split(/\s+/).map((name) => [name, reason] as const)),
);
