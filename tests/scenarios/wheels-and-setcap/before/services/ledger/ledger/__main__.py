print('ledger')
