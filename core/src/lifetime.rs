//! How long the results of a list of operations are needed, each of which reads earlier ones.

/// Puts into `last`, for every operation, the last one that reads its result, or itself if none does. `inputs` has what each
/// of them reads, in the order in which they are computed.
///
/// # Panics
/// If one reads what is not in the list.
pub fn last_reads<I: IntoIterator<Item = usize>>(inputs: impl IntoIterator<Item = I>, last: &mut [usize]) {
    last.iter_mut().enumerate().for_each(|(id, last)| *last = id);
    for (id, inputs) in inputs.into_iter().enumerate() {
        inputs.into_iter().for_each(|input| last[input] = id);
    }
}

#[cfg(test)]
mod tests {
    use super::last_reads;

    #[test]
    fn a_result_is_needed_until_its_last_reader() {
        let mut last = [9; 5];
        last_reads([&[][..], &[0], &[0, 1], &[1], &[2]].map(|inputs| inputs.iter().copied()), &mut last);
        assert_eq!(last, [2, 3, 4, 3, 4]);
    }
}
